# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    queue = asyncio.PriorityQueue(n)
    return queue.qsize()

# refused:
# priority_queue.py:6:13: error: 'asyncio.PriorityQueue' is not available in a coroutine
#     6 |     queue = asyncio.PriorityQueue(n)
#       |             ^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: of asyncio there are gather, tasks, groups, timeouts, sleep, and what tasks synchronise with
