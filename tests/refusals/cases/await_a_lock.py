# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    lock = Lock()
    await lock
    return n

# refused:
# await_a_lock.py:7:5: error: `lock` cannot be awaited: only calls and tasks can
#     7 |     await lock
#       |     ^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `await f(...)`, or for an object a method: `await lock.acquire()`
