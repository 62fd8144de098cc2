# ruff: noqa
import asyncio

from coro2cuda import *
@gpu_async
async def g(n: i32) -> i32:
    return n
@gpu_async
async def nothing(n: i32) -> None:
    await reschedule()
@gpu_async
async def f(n: i32):
    return await gather(g(n), gather(g(n), g(n)))

# refused:
# gather_of_a_gather.py:13:31: error: gather() inside gather() is not available yet
#    13 |     return await gather(g(n), gather(g(n), g(n)))
#       |                               ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: give all calls to one, or gather in a coroutine of its own
