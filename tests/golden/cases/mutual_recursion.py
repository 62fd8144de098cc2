"""Two coroutines that await each other both get frames of their own."""

from coro2cuda import gpu_async, i32


@gpu_async
async def odd(n: i32) -> bool:
    return False if n == 0 else await f(n - 1)


@gpu_async
async def f(n: i32) -> bool:
    return True if n == 0 else await odd(n - 1)


MODES = ("range",)
