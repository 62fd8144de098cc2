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
    return await gather(g(n), n + 1)

# refused:
# gather_of_a_value.py:13:31: error: gather() takes calls of coroutines and tasks, not `n + 1`
#    13 |     return await gather(g(n), n + 1)
#       |                               ^^^^^
#   in coroutine 'f'
#   hint: write `gather(f(...), g(...))`
