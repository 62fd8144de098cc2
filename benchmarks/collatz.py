"""Collatz chains of 0 to 2**20 - 1, with a suspend point a step and with none, against a hand-written loop."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from measure import Row, baseline, cupy, example, interleave, kernel_ms, require

NUMBERS, TOTAL_STEPS = 1 << 20, 138_299_811
SUSPENDING_LIMIT_MS = 3.0


def rows() -> Iterator[Row]:
    """Without suspend points against the loop; with them against the limit and the loop."""
    gpu, kernel = cupy(), baseline("collatz").get_function("chains")
    chains = example("collatz").chains
    lengths = gpu.zeros(NUMBERS, "i4")
    results: dict[bool, Any] = {}

    def by_hand() -> float:
        return kernel_ms(lambda: kernel((NUMBERS // 256,), (256,), (np.int32(NUMBERS), lengths)))

    def ours(suspend: bool) -> Callable[[], float]:
        def run() -> float:
            results[suspend], found = chains(NUMBERS, suspend, "cuda")
            return float(found.kernel_ms)

        return run

    times = interleave({"by hand": by_hand, "straight": ours(False), "suspending": ours(True)})
    expected = lengths.get()
    require(int(expected.sum(dtype=np.int64)) == TOTAL_STEPS, "Collatz: the hand-written loop is wrong")
    for suspend, result in results.items():
        require(np.array_equal(result, expected), f"Collatz: our result is wrong (suspend={suspend})")
    yield Row("Collatz, no suspend point", times["straight"], "loop", times["by hand"], wanted=1 / 1.1)
    yield Row("Collatz, a suspend a step", times["suspending"], limit_ms=SUSPENDING_LIMIT_MS)
    yield Row("Collatz, a suspend a step", times["suspending"], "loop", times["by hand"])
