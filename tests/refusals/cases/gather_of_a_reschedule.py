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
    await gather(g(n), reschedule())

# refused:
# gather_of_a_reschedule.py:13:24: error: gather() takes calls of coroutines and tasks, not `reschedule()`
#    13 |     await gather(g(n), reschedule())
#       |                        ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `gather(f(...), g(...))`
