# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    async with TaskGroup() as group:
        group.create_task(await g(n))
    return n

# refused:
# task_group_awaits.py:11:9: error: group.create_task() takes one call of a coroutine
#    11 |         group.create_task(await g(n))
#       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `group.create_task(f(...))`
