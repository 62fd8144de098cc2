# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    await timeout(n)

# refused:
# timeout_awaited.py:6:5: error: `timeout(n)` cannot be awaited
#     6 |     await timeout(n)
#       |     ^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `async with timeout(n):`
