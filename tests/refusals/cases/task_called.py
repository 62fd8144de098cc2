# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    task = create_task(g(n))
    return await task()

# refused:
# task_called.py:11:18: error: 'task' is a value, not a coroutine function
#    11 |     return await task()
#       |                  ^^^^^^
#   in coroutine 'f'
#   hint: a task is awaited by its name: `await task`
