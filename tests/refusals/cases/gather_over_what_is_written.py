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
async def f(a: i32[:]):
    await gather(*[writes(x, a) for x in a])

# refused:
# gather_over_what_is_written.py:16:19: error: this reads an array of i32 while coroutines that have begun may write arrays of i32
#    16 |     await gather(*[writes(x, a) for x in a])
#       |                   ^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: pass the index, and read the array in the coroutine that is called
