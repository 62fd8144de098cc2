"""The left operand's result is kept while the right one is awaited."""

from coro2cuda import gpu_async, i32, reschedule


@gpu_async
async def left(x: i32) -> i32:
    await reschedule()
    return x + 1


@gpu_async
async def right(x: i32) -> i32:
    await reschedule()
    return x * 2


@gpu_async
async def f(x: i32) -> i32:
    return await left(x) - await right(x)


MODES = ("range",)
