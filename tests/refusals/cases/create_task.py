# ruff: noqa
import asyncio

from coro2cuda import *
@gpu_async
async def f(n: i32):
    t = asyncio.create_task(f(n))

# refused:
# create_task.py:7:9: error: 'asyncio.create_task' is not available in coroutines yet
#     7 |     t = asyncio.create_task(f(n))
#       |         ^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: `await f(...)`, `await gather(f(...), g(...))` and `await reschedule()` are what this version compiles
