# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    await asyncio.wait([g(n)])
    return n

# refused:
# asyncio_wait.py:10:24: error: a list is not available in a coroutine
#    10 |     await asyncio.wait([g(n)])
#       |                        ^^^^^^
#   in coroutine 'f'
#   hint: use a NumPy array passed as an argument, or a tuple of fixed length; tasks make a list in `[create_task(f(i)) for i in range(n)]`, or are appended to `[]`
