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
    for task in tasks:
        tasks.append(create_task(g(n)))
    return n

# refused:
# list_appended_in_its_loop.py:21:9: error: 'tasks' grows while it is iterated over
#    21 |         tasks.append(create_task(g(n)))
#       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: loop over `range(len(tasks))`, or append to another list
