# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    return await asyncio.to_thread(abs, n)

# refused:
# asyncio_to_thread.py:10:18: error: 'asyncio.to_thread' is not available in a coroutine
#    10 |     return await asyncio.to_thread(abs, n)
#       |                  ^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: of asyncio there are gather, tasks, groups, timeouts, sleep, and what tasks synchronise with
