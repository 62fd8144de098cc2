# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    tasks = [create_task(g(i)) for i in range(n)]
    tasks.append(create_task(g(n)))
    return n

# refused:
# task_list_appended.py:11:5: error: a list[Task[int]] has no 'append' in a coroutine
#    11 |     tasks.append(create_task(g(n)))
#       |     ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: its length is fixed when it is made; it can be indexed, iterated over and summed
