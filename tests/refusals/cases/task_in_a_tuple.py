# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    tasks = (create_task(g(n)), create_task(g(n)))
    return await tasks[0]

# refused:
# task_in_a_tuple.py:10:14: error: a Task[int] cannot be an item of a tuple
#    10 |     tasks = (create_task(g(n)), create_task(g(n)))
#       |              ^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: give each object a name of its own
