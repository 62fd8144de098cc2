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
async def writes(n: i32, a: i32[:]) -> None:
    a[n] = n
@gpu_async
async def f(n: i32):
    return sum(await gather(*[nothing(i) for i in range(n)]))

# refused:
# gather_each_returns_nothing.py:16:31: error: `nothing(i)` returns nothing
#    16 |     return sum(await gather(*[nothing(i) for i in range(n)]))
#       |                               ^^^^^^^^^^
#   in coroutine 'f'
#   hint: use no result of this gather
