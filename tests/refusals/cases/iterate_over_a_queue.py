# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    queue = Queue[int](2)
    for item in queue:
        n += item
    return n

# refused:
# iterate_over_a_queue.py:7:17: error: a Queue[int] cannot be iterated over
#     7 |     for item in queue:
#       |                 ^^^^^
#   in coroutine 'f'
#   hint: iterate over a range, an array or a tuple
