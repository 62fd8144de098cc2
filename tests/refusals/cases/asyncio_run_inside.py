# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    return asyncio.run(g(n))

# refused:
# asyncio_run_inside.py:10:12: error: 'asyncio.run' is not available in a coroutine
#    10 |     return asyncio.run(g(n))
#       |            ^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: of asyncio there are gather, tasks, groups, timeouts, sleep, and what tasks synchronise with
