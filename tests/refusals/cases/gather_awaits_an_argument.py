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
    await gather(*[g(await g(i)) for i in range(n)])

# refused:
# gather_awaits_an_argument.py:16:22: error: the arguments in a comprehension of gather() have no effects
#    16 |     await gather(*[g(await g(i)) for i in range(n)])
#       |                      ^^^^^^^^^^
#   in coroutine 'f'
#   hint: do it in the coroutine that it calls
