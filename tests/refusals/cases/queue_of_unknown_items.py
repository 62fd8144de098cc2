# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    queue = asyncio.Queue(2)
    return n

# refused:
# queue_of_unknown_items.py:6:13: error: what the queue holds must be known where it is made
#     6 |     queue = asyncio.Queue(2)
#       |             ^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write the type of its items: `asyncio.Queue[int](...)`
