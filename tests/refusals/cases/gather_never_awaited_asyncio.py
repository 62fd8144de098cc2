# ruff: noqa
import asyncio

from coro2cuda import *
@gpu_async
async def g(n: i32) -> i32:
    return n
@gpu_async
async def nothing(n: i32) -> None:
    await reschedule()
@gpu_async
async def f(n: i32):
    t = asyncio.gather(g(n), g(n))
    return n

# refused:
# gather_never_awaited_asyncio.py:13:9: error: asyncio.gather() was not awaited
#    13 |     t = asyncio.gather(g(n), g(n))
#       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `await asyncio.gather(g(n), g(n))`
