# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    await create_task(asyncio.sleep(1.0))
    return n

# refused:
# create_task_of_a_sleep.py:10:23: error: `asyncio.sleep(1.0)` is not a call of a coroutine of yours
#    10 |     await create_task(asyncio.sleep(1.0))
#       |                       ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: call one that does `await asyncio.sleep(...)`
