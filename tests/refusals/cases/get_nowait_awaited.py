# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    queue = Queue[int](2)
    return await queue.get_nowait()

# refused:
# get_nowait_awaited.py:7:12: error: `queue.get_nowait()` does not wait, and cannot be awaited
#     7 |     return await queue.get_nowait()
#       |            ^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `queue.get_nowait()` without `await`
