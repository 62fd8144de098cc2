"""`gather`: a call that ends at once is run in place (`f.leaf`), others become tasks; the last of them joins."""

from coro2cuda import gather, gpu_async, i32


@gpu_async
async def f(n: i32) -> i32:
    if n < 2:
        return n
    a, b = await gather(f(n - 1), f(n - 2))
    return a + b


MODES = ("range",)
