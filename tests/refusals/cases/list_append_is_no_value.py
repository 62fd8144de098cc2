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
    nothing = tasks.append(create_task(g(n)))
    return n

# refused:
# list_append_is_no_value.py:20:15: error: a list[Task[int]] has no 'append' in a coroutine
#    20 |     nothing = tasks.append(create_task(g(n)))
#       |               ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: it can be indexed and iterated over, and where it is made `tasks.append(task)` is a statement
