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
    gather(g(n), g(n))

# refused:
# gather_never_awaited.py:13:5: error: gather() was not awaited
#    13 |     gather(g(n), g(n))
#       |     ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `await gather(g(n), g(n))`
