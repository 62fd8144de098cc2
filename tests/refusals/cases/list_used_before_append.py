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
    for i in range(len(tasks), n):
        tasks.append(create_task(g(i)))
    return n

# refused:
# list_used_before_append.py:19:24: error: it is not known here what 'tasks' is a list of
#    19 |     for i in range(len(tasks), n):
#       |                        ^^^^^
#   in coroutine 'f'
#   hint: append a task before the list is used, in source order
