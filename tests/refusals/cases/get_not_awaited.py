# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    queue = Queue[int](2)
    return queue.get() + n

# refused:
# get_not_awaited.py:7:12: error: `queue.get()` was not awaited
#     7 |     return queue.get() + n
#       |            ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `await queue.get()`
