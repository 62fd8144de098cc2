# ruff: noqa
import asyncio

from coro2cuda import *
@gpu_async
async def f(n: i32):
    await asyncio.sleep(1)

# refused:
# sleep.py:7:11: error: 'asyncio.sleep' is not available in coroutines yet
#     7 |     await asyncio.sleep(1)
#       |           ^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: `await reschedule()` lets other tasks run
