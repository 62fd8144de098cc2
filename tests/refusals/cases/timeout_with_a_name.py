# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    async with asyncio.timeout(1) as limit:
        await reschedule()

# refused:
# timeout_with_a_name.py:6:16: error: `asyncio.timeout(1) as ...`: a timeout has no value in a coroutine
#     6 |     async with asyncio.timeout(1) as limit:
#       |                ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `async with asyncio.timeout(1):`, and catch TimeoutError
