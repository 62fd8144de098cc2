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
    return sum(await gather(*[g(i) for i in range(n) if i if i < 3]))

# refused:
# gather_two_ifs.py:16:62: error: a comprehension in gather() has one `if`
#    16 |     return sum(await gather(*[g(i) for i in range(n) if i if i < 3]))
#       |                                                              ^^^^^
#   in coroutine 'f'
#   hint: join the conditions by `and`
