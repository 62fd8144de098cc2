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
    await gather(*[g(i) for i in (n, n + 1)])

# refused:
# gather_over_a_tuple.py:16:34: error: a comprehension over a tuple
#    16 |     await gather(*[g(i) for i in (n, n + 1)])
#       |                                  ^^^^^^^^^^
#   in coroutine 'f'
#   hint: write the calls out: the tuple has a fixed length
