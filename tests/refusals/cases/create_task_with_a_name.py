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
    create_task(g(n), name="x")

# refused:
# create_task_with_a_name.py:16:5: error: create_task() takes no `name=` in a coroutine
#    16 |     create_task(g(n), name="x")
#       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: leave it out
