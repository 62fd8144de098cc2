"""The generated root: it computes a task's arguments and stores its result; shown here, left out of the other texts."""

from coro2cuda import f32, gpu_async, i32, reschedule


@gpu_async
async def f(i: i32, x: f32, scale: f32) -> tuple[f32, i32]:
    await reschedule()
    return x * scale, i


MODES = ("range", "each", "uniform")
