# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    await wait_for(n, 1)

# refused:
# wait_for_a_number.py:6:20: error: `n` cannot be awaited: only calls and tasks can
#     6 |     await wait_for(n, 1)
#       |                    ^
#   in coroutine 'f'
#   hint: write `await f(...)`, or for an object a method: `await lock.acquire()`
