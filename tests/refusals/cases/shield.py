# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: i32) -> i32:
    return n
@gpu_async
async def f(n: i32) -> i32:
    t = create_task(g(n))
    return await asyncio.shield(t)

# refused:
# shield.py:10:18: error: 'asyncio.shield' is not available in a coroutine
#    10 |     return await asyncio.shield(t)
#       |                  ^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: of asyncio there are gather, tasks, groups, timeouts, sleep, and what tasks synchronise with
