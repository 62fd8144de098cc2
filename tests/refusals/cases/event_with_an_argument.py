# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    event = Event(True)
    return n

# refused:
# event_with_an_argument.py:5:13: error: Event() is not made with these arguments
#     5 |     event = Event(True)
#       |             ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `Event()`
