# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    event = Event()
    async with event:
        return n

# refused:
# async_with_an_event.py:6:16: error: `async with` cannot hold an Event
#     6 |     async with event:
#       |                ^^^^^
#   in coroutine 'f'
#   hint: it holds a Lock, Semaphore, Condition, Barrier, TaskGroup or timeout
