# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    asyncio.current_task().cancel()

# refused:
# current_task.py:6:5: error: 'asyncio.current_task' is not available in a coroutine
#     6 |     asyncio.current_task().cancel()
#       |     ^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: of asyncio there are gather, tasks, groups, timeouts, sleep, and what tasks synchronise with
