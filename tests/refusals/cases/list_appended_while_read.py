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
    other = create_task(reads(tasks))
    tasks.append(create_task(g(n)))
    return await other

# refused:
# list_appended_while_read.py:20:31: error: 'tasks' is appended to, so it keeps this name and is not passed on
#    20 |     other = create_task(reads(tasks))
#       |                               ^^^^^
#   in coroutine 'f'
#   hint: write `await gather(*tasks)`, or make the list by a comprehension
