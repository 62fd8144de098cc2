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
    a, b = await gather(g(n), await g(n))
    return a

# refused:
# gather_of_an_await.py:13:31: error: gather() takes calls of coroutines and tasks, not `await g(n)`
#    13 |     a, b = await gather(g(n), await g(n))
#       |                               ^^^^^^^^^^
#   in coroutine 'f'
#   hint: leave out the `await`
