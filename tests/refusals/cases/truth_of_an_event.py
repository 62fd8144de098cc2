# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    event = Event()
    if event:
        return 1
    return n

# refused:
# truth_of_an_event.py:6:8: error: an Event is neither true nor false
#     6 |     if event:
#       |        ^^^^^
#   in coroutine 'f'
#   hint: ask it: `event.is_set()`
