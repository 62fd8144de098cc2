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
    await gather()

# refused:
# gather_of_nothing.py:13:11: error: gather() of nothing
#    13 |     await gather()
#       |           ^^^^^^^^
#   in coroutine 'f'
#   hint: give it calls of coroutines: `await gather(f(1), f(2))`
