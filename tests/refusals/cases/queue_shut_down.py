# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    queue = Queue[int](2)
    queue.shutdown()
    return n

# refused:
# queue_shut_down.py:7:5: error: a Queue[int] has no 'shutdown' in a coroutine
#     7 |     queue.shutdown()
#       |     ^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: it has put, get, put_nowait, get_nowait, qsize, empty, full, join, task_done, maxsize
