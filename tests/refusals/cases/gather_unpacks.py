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
async def f(a: i32[:, :]):
    await gather(*[g(x) for x, y in a])

# refused:
# gather_unpacks.py:16:29: error: the target of a comprehension in gather() is one name
#    16 |     await gather(*[g(x) for x, y in a])
#       |                             ^^^^
#   in coroutine 'f'
#   hint: take items apart in the coroutine that it calls
