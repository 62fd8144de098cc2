# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: int) -> int:
    return n
@gpu_async
async def f(n: int, a: i64[:]) -> int:
    tasks = []
    tasks.append(create_task(g(n)))
    for i, task in enumerate(tasks):
        tasks.append(task)
    return n

# refused:
# enumerate_tasks_that_grow.py:12:9: error: 'tasks' grows while it is iterated over
#    12 |         tasks.append(task)
#       |         ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: loop over `range(len(tasks))`, or append to another list
