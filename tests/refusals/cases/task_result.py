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
    return task.result()

# refused:
# task_result.py:11:12: error: a Task[int] has no 'result' in a coroutine
#    11 |     return task.result()
#       |            ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: it has done
