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
    create_task(n)

# refused:
# create_task_of_a_value.py:16:5: error: create_task() takes one call of a coroutine
#    16 |     create_task(n)
#       |     ^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `create_task(f(...))`
