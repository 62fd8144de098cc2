# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    async with TaskGroup():
        await g(n)
    return n

# refused:
# task_group_without_a_name.py:10:16: error: a TaskGroup needs one name
#    10 |     async with TaskGroup():
#       |                ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `async with TaskGroup() as tg:`
