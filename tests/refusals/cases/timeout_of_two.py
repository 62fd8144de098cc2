# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    async with timeout(1, 2):
        await reschedule()

# refused:
# timeout_of_two.py:6:16: error: timeout() needs the seconds, and takes nothing else
#     6 |     async with timeout(1, 2):
#       |                ^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: give it a number of seconds
