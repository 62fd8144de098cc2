# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: i32) -> i32:
    return n
@gpu_async
async def f(n: i32):
    wait_for(g(n), 1)

# refused:
# wait_for_not_awaited.py:9:5: error: wait_for() was not awaited
#     9 |     wait_for(g(n), 1)
#       |     ^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `await wait_for(g(n), 1)`
