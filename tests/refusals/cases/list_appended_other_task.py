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
async def reads(tasks) -> int:
    await reschedule()
    return len(tasks)
@gpu_async
async def f(n: int) -> int:
    tasks = []
    tasks.append(create_task(g(n)))
    tasks.append(create_task(h(n)))
    return n

# refused:
# list_appended_other_task.py:20:18: error: 'tasks' is a list[Task[int]], and this a Task[float]
#    20 |     tasks.append(create_task(h(n)))
#       |                  ^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: make a list for each type
