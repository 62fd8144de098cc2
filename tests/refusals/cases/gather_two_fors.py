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
    return sum(await gather(*[g(i + j) for i in range(n) for j in range(i)]))

# refused:
# gather_two_fors.py:16:30: error: a comprehension in gather() has one `for`
#    16 |     return sum(await gather(*[g(i + j) for i in range(n) for j in range(i)]))
#       |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: gather once more in the coroutine that it calls
