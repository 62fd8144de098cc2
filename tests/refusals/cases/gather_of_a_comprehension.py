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
    return sum(await gather(*[g(i) for i in range(n)]))

# refused:
# gather_of_a_comprehension.py:13:29: error: `gather(*...)` is not available yet: how many coroutines it runs must stand there
#    13 |     return sum(await gather(*[g(i) for i in range(n)]))
#       |                             ^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write the calls out, or halve the range in a coroutine that gathers itself for both halves
