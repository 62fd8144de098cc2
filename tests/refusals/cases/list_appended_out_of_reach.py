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
    return n
    tasks.append(create_task(g(n)))

# refused:
# list_appended_out_of_reach.py:17:1: error: it is not known what 'tasks' is a list of
#    17 | async def f(n: int) -> int:
#       | ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: append a task where it can be reached
