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
    other = tasks
    tasks.append(create_task(g(n)))
    return len(other)

# refused:
# list_appended_under_another_name.py:19:13: error: 'tasks' is appended to, so it keeps this name and is not passed on
#    19 |     other = tasks
#       |             ^^^^^
#   in coroutine 'f'
#   hint: write `await gather(*tasks)`, or make the list by a comprehension
