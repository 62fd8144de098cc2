# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    queue = Queue[int](2)
    return len(queue)

# refused:
# len_of_a_queue.py:7:12: error: a Queue[int] has no length
#     7 |     return len(queue)
#       |            ^^^^^^^^^^
#   in coroutine 'f'
#   hint: only arrays and tuples have
