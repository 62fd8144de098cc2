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
        group.start_soon(g(n))
    return n

# refused:
# task_group_method.py:11:9: error: a TaskGroup has no 'start_soon' in a coroutine
#    11 |         group.start_soon(g(n))
#       |         ^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: it has create_task
