# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    print(Lock())
    return n

# refused:
