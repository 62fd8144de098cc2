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
    return await asyncio.gather(g(n), g(n), return_exceptions=True)

# refused:
# gather_return_exceptions.py:13:18: error: asyncio.gather() takes no `return_exceptions=` in a coroutine
#    13 |     return await asyncio.gather(g(n), g(n), return_exceptions=True)
#       |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: handle exceptions in the coroutines, and return a value that says what happened
