"""A callee awaited from two places: its state is shared, and its region says where to return to."""

from coro2cuda import gpu_async, i32, reschedule


@gpu_async
async def work(x: i32) -> i32:
    await reschedule()
    return x * x


@gpu_async
async def f(x: i32) -> i32:
    first = await work(x)
    return first + await work(first)


MODES = ("range",)
