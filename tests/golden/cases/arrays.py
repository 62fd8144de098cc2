"""Arrays are equal for all tasks of a launch: no part of them is kept, only the indices are."""

from coro2cuda import f32, gpu_async, reschedule


@gpu_async
async def f(i: int, source: f32[:, :], result: f32[:]) -> None:
    for j in range(source.shape[1]):
        result[i] += source[i, j]
        await reschedule()


MODES = ("range", "uniform", "uniform")
