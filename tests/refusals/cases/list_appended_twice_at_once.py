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
    tasks.append(create_task(g(n)), create_task(g(n)))
    return n

# refused:
# list_appended_twice_at_once.py:19:5: error: tasks.append() takes one task
#    19 |     tasks.append(create_task(g(n)), create_task(g(n)))
#       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `tasks.append(create_task(f(...)))`
