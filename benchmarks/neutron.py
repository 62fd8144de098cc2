"""The neutron slab of the examples, a million sources, T = 6, against a hand-written history-based kernel."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from measure import Row, baseline, cupy, example, interleave, kernel_ms, require

SOURCES, TIME, CAPTURE, SCATTER = 1_000_000, 6.0, 0.3, 0.7
LIMIT_MS = 0.30


def rows() -> Iterator[Row]:
    """One row against the hand-written kernel, one against the limit."""
    gpu, kernel = cupy(), baseline("neutron").get_function("histories")
    slab = example("neutron_slab")
    middle = round((TIME + 1) / slab.BIN_WIDTH)
    tally = gpu.zeros(2 * middle, "f4")
    outcomes: dict[str, Any] = {}

    def by_hand() -> float:
        tally.fill(0)
        total = CAPTURE + SCATTER
        physics = (np.float32(TIME), np.float32(total), np.float32(SCATTER / total), np.int32(middle))
        arguments = (np.int32(SOURCES), *physics, tally)
        return kernel_ms(lambda: kernel((-(-SOURCES // 128),), (128,), arguments))

    def ours() -> float:
        outcomes["ours"] = slab.simulate(SOURCES, TIME, CAPTURE, SCATTER, "cuda")
        return float(outcomes["ours"].statistics.kernel_ms)

    times = interleave({"by hand": by_hand, "ours": ours})
    expected, deviation = slab.analytic(SOURCES, TIME, CAPTURE)
    census = float(tally.sum())
    require(abs(census - expected) < 4 * deviation, f"neutron slab: the hand-written census {census} is wrong")
    require(abs(outcomes["ours"].census - census) < 50, f"neutron slab: {outcomes['ours'].census} against {census}")
    yield Row("neutron slab", times["ours"], "history-based kernel", times["by hand"])
    yield Row("neutron slab", times["ours"], limit_ms=LIMIT_MS)
