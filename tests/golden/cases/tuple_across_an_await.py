"""A tuple that is read after an await is kept as one variable; one that comes from the callee is not stored."""

from coro2cuda import f32, gpu_async, i32, reschedule


@gpu_async
async def bounds(x: f32) -> tuple[f32, f32]:
    await reschedule()
    return x - 1.0, x + 1.0


@gpu_async
async def f(x: f32, n: i32) -> f32:
    pair = (x, n)
    low, high = await bounds(x)
    return (high - low) * pair[0] + f32(pair[1])


MODES = ("each", "each")
