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
    return await asyncio.gather(g(n), *n)

# refused:
# gather_of_a_starred_name.py:13:39: error: asyncio.gather() takes calls of coroutines and tasks, not `*n`
#    13 |     return await asyncio.gather(g(n), *n)
#       |                                       ^^
#   in coroutine 'f'
#   hint: gather a comprehension by itself: `await asyncio.gather(*[f(i) for i in range(n)])`
