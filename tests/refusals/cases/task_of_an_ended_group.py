# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: i32) -> i32:
    return n
@gpu_async
async def f(n: i32) -> i32:
    for i in range(2):
        async with asyncio.TaskGroup() as tg:
            tg.create_task(g(n))
    t = tg.create_task(g(n))
    return await t

# refused:
# task_of_an_ended_group.py:12:9: error: the task group 'tg' has ended: nobody would wait for the task
#    12 |     t = tg.create_task(g(n))
#       |         ^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: begin it inside the `async with` of 'tg'
