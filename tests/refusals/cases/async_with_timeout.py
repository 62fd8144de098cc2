# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    async with asyncio.timeout(1):
        return n

# refused:
# async_with_timeout.py:6:16: error: `asyncio.timeout(1)` is not available in coroutines yet
#     6 |     async with asyncio.timeout(1):
#       |                ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: `async with` holds a Lock, Semaphore, Condition or TaskGroup
