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
    return await reads(tasks)

# refused:
# list_appended_and_passed_on.py:20:24: error: 'tasks' is appended to, so it keeps this name and is not passed on
#    20 |     return await reads(tasks)
#       |                        ^^^^^
#   in coroutine 'f'
#   hint: write `await gather(*tasks)`, or make the list by a comprehension
