# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    async with TaskGroup(2) as group:
        group.create_task(g(n))
    return n

# refused:
# task_group_with_an_argument.py:10:16: error: TaskGroup() takes no arguments
#    10 |     async with TaskGroup(2) as group:
#       |                ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `async with TaskGroup() as tg:`
