# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    limit = timeout(1)

# refused:
# timeout_kept.py:6:13: error: timeout() is no value in a coroutine
#     6 |     limit = timeout(1)
#       |             ^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `async with timeout(1):`
