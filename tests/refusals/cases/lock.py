# ruff: noqa
import asyncio

from coro2cuda import *
@gpu_async
async def f(n: i32):
    lock = asyncio.Lock()

# refused:
# lock.py:7:12: error: 'asyncio.Lock' is not available in coroutines yet
#     7 |     lock = asyncio.Lock()
#       |            ^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: `await f(...)`, `await gather(f(...), g(...))` and `await reschedule()` are what this version compiles
