"""Parameters equal for all tasks are read from the launch, also by callees, and take no part of a frame."""

from coro2cuda import f32, gpu_async, reschedule


@gpu_async
async def scaled(x: f32, factor: f32, offset: f32) -> f32:
    await reschedule()
    return x * factor + offset


@gpu_async
async def f(x: f32, factor: f32) -> f32:
    return await scaled(x, factor, 0.5)


MODES = ("each", "uniform")
