# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: i32) -> i32:
    return n
@gpu_async
async def f(n: i32):
    await wait_for(g(await g(n)), 1)

# refused:
# wait_for_an_await.py:9:22: error: `await g(n)` inside wait_for()
#     9 |     await wait_for(g(await g(n)), 1)
#       |                      ^^^^^^^^^^
#   in coroutine 'f'
#   hint: do it before, and pass the result
