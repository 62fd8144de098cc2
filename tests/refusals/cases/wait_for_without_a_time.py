# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    e = Event()
    await wait_for(e.wait())

# refused:
# wait_for_without_a_time.py:7:11: error: wait_for() needs the seconds, and takes nothing else
#     7 |     await wait_for(e.wait())
#       |           ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: give it a number of seconds
