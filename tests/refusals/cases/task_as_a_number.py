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
    return task + 1

# refused:
# task_as_a_number.py:11:12: error: arithmetic is not available on a Task[int]
#    11 |     return task + 1
#       |            ^^^^^^^^
#   in coroutine 'f'
#   hint: await the task: that gives its result
