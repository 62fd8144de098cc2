# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    async with timeout(None):
        await reschedule()

# refused:
# timeout_of_none.py:6:24: error: timeout() without a time limit
#     6 |     async with timeout(None):
#       |                        ^^^^
#   in coroutine 'f'
#   hint: await it without a timeout
