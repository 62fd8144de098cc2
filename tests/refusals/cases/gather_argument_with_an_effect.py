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
    await gather(*[g(atomic_add(a, i, 1)) for i in range(3)])

# refused:
# gather_argument_with_an_effect.py:16:20: error: the arguments in a comprehension of gather() have no effects
#    16 |     await gather(*[g(atomic_add(a, i, 1)) for i in range(3)])
#       |                    ^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: do it in the coroutine that it calls
