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
    return await gather(nothing(n), nothing(n))

# refused:
# gather_returned_none.py:13:25: error: `nothing(n)` returns nothing, and its None would be in a tuple
#    13 |     return await gather(nothing(n), nothing(n))
#       |                         ^^^^^^^^^^
#   in coroutine 'f'
#   hint: return a number from it, or use no result of this gather
