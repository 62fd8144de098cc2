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
    await gather(*[abs(i) for i in range(n)])

# refused:
# gather_of_a_helper_each.py:16:20: error: gather() takes calls of coroutines and tasks, not `abs(i)`
#    16 |     await gather(*[abs(i) for i in range(n)])
#       |                    ^^^^^^
#   in coroutine 'f'
#   hint: write `gather(f(...), g(...))`
