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
    await gather(*[g(i) for i in range(n)], g(n))

# refused:
# gather_two_comprehensions.py:16:45: error: gather() takes one comprehension, or calls that are written out
#    16 |     await gather(*[g(i) for i in range(n)], g(n))
#       |                                             ^^^^
#   in coroutine 'f'
#   hint: gather the others in a coroutine of its own
