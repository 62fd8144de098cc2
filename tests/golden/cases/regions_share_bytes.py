"""Callees that are never awaited at the same time lie at the same bytes, after their caller's."""

from coro2cuda import gpu_async, i32, i64, reschedule


@gpu_async
async def short(x: i32) -> i32:
    await reschedule()
    return x + 1


@gpu_async
async def long(x: i64) -> i64:
    total = x
    for _ in range(3):
        total += x
        await reschedule()
    return total


@gpu_async
async def f(x: i32) -> i64:
    a = await short(x)
    b = await long(i64(a))
    return b + a


MODES = ("range",)
