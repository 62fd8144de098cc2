# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def h(x: int) -> float:
    await reschedule()
    return x * 0.5
@gpu_async
async def f(n: int) -> int:
    tasks: list[asyncio.Task[int]] = []
    tasks.append(create_task(h(n)))
    return n

# refused:
# list_declared_other_task.py:15:18: error: 'tasks' is a list[Task[int]], and this a Task[float]
#    15 |     tasks.append(create_task(h(n)))
#       |                  ^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: make a list for each type
