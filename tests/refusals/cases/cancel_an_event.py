# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    e = Event()
    e.cancel()

# refused:
# cancel_an_event.py:7:5: error: an Event has no 'cancel' in a coroutine
#     7 |     e.cancel()
#       |     ^^^^^^^^
#   in coroutine 'f'
#   hint: it has wait, set, clear, is_set
