# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    return int(asyncio.get_running_loop().time())

# refused:
# asyncio_loop.py:10:16: error: 'asyncio.get_running_loop' is not available in a coroutine
#    10 |     return int(asyncio.get_running_loop().time())
#       |                ^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: of asyncio there are gather, tasks, groups, timeouts, sleep, and what tasks synchronise with
