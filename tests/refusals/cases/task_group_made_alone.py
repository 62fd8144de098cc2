# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    group = TaskGroup()
    return n

# refused:
# task_group_made_alone.py:10:13: error: a TaskGroup is made where it is entered
#    10 |     group = TaskGroup()
#       |             ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `async with TaskGroup() as tg:`
