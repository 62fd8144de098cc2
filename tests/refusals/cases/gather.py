# ruff: noqa
import asyncio

from coro2cuda import *
@gpu_async
async def f(n: i32):
    return await asyncio.gather(f(n), f(n))

# refused:
# gather.py:7:18: error: 'asyncio.gather' is not available in coroutines yet
#     7 |     return await asyncio.gather(f(n), f(n))
#       |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: awaiting coroutines one after the other and `await reschedule()` are what this version compiles
