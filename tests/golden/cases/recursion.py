"""A recursive coroutine gets a frame of its own for every call."""

from coro2cuda import gpu_async, i32


@gpu_async
async def f(n: i32) -> i32:
    if n < 2:
        return n
    return await f(n - 1) + await f(n - 2)


MODES = ("range",)
