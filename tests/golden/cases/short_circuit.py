"""Awaits in the parts of `and`, `or` and a ternary happen only where Python evaluates those."""

from coro2cuda import gpu_async, i32, reschedule


@gpu_async
async def even(x: i32) -> bool:
    await reschedule()
    return x % 2 == 0


@gpu_async
async def f(x: i32, y: i32) -> i32:
    both = (x > 0 and await even(x)) or await even(y)
    return y if both else (x if await even(x + y) else -1)


MODES = ("range", "each")
