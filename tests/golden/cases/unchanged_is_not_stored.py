"""`limit` is stored once, at the first suspend; the loop stores only `x`, and only `total` where that alone changed."""

from coro2cuda import gpu_async, i32, reschedule


@gpu_async
async def f(limit: i32) -> i32:
    x: i32 = 0
    total: i32 = 0
    while x < limit:
        x += 3
        await reschedule()
        total += x
        await reschedule()
    return total + limit


MODES = ("range",)
