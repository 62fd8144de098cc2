"""A callee that never suspends is called like a function, and a program of such has no states."""

from coro2cuda import gpu_async, i32


@gpu_async
async def square(x: i32) -> i32:
    return x * x


@gpu_async
async def f(x: i32) -> i32:
    return await square(x) + await square(x + 1)


MODES = ("range",)
