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
    return await gather(g(n), abs(n))

# refused:
# gather_of_a_helper.py:13:31: error: gather() takes calls of coroutines and tasks, not `abs(n)`
#    13 |     return await gather(g(n), abs(n))
#       |                               ^^^^^^
#   in coroutine 'f'
#   hint: write `gather(f(...), g(...))`
