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
async def takes(a: i32[:]) -> None:
    await reschedule()
@gpu_async
async def f(a: i32[:, :]):
    await gather(*[takes(a[i]) for i in range(3) if a[i, 0] > 0])

# refused:
# gather_if_with_a_view.py:19:26: error: a part of an array as an argument, in a comprehension with an `if`
#    19 |     await gather(*[takes(a[i]) for i in range(3) if a[i, 0] > 0])
#       |                          ^^^^
#   in coroutine 'f'
#   hint: pass the whole array and the index
