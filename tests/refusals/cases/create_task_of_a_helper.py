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
    create_task(abs(n))

# refused:
# create_task_of_a_helper.py:16:17: error: 'abs' is not a coroutine: it cannot be awaited
#    16 |     create_task(abs(n))
#       |                 ^^^^^^
#   in coroutine 'f'
#   hint: call it as it is: a plain function runs at once
