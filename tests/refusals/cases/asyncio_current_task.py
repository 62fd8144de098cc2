# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    asyncio.current_task()
    return n

# refused:
# asyncio_current_task.py:10:5: error: 'asyncio.current_task' is not available in a coroutine
#    10 |     asyncio.current_task()
#       |     ^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: of asyncio there are gather, tasks, groups, timeouts, sleep, and what tasks synchronise with
