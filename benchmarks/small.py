"""Maps of few tasks: W1 of `divergence`, spread over the GPU as they are by default, against packed into full warps."""

from collections.abc import Callable, Iterator

from divergence import walk
from measure import Row, cupy, interleave

TASKS = (256, 2048, 8192, 32768)
STEPS, LENGTH = 32, 1


def rows() -> Iterator[Row]:
    cupy()
    for tasks in TASKS:
        for grouping in (True, False):
            times = interleave({"spread": _run(tasks, None, grouping), "packed": _run(tasks, tasks // 32, grouping)})
            name = f"W1, {tasks:,} tasks, {'grouped' if grouping else 'not grouped'}"
            yield Row(name, times["spread"], "32 a warp", times["packed"])


def _run(tasks: int, warps: int | None, grouping: bool) -> Callable[[], float]:
    def run() -> float:
        _, stats = walk.map(
            range(tasks), STEPS, LENGTH, backend="cuda", stats=True, warps=warps, grouping=grouping
        )  # fmt: skip
        return float(stats.kernel_ms)

    return run
