"""A suspend in a loop: one state, which saves what the loop goes on with."""

from coro2cuda import gpu_async, i32, reschedule


@gpu_async
async def f(n: i32) -> i32:
    steps: i32 = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
        await reschedule()
    return steps


MODES = ("range",)
