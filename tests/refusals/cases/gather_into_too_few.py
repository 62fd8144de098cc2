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
    a, b = await gather(g(n), g(n), g(n))
    return a

# refused:
# gather_into_too_few.py:13:5: error: 3 values cannot be unpacked into 2 targets
#    13 |     a, b = await gather(g(n), g(n), g(n))
#       |     ^^^^
#   in coroutine 'f'
#   hint: give as many targets as there are values
