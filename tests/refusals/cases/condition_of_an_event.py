# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    condition = Condition(Event())
    return n

# refused:
# condition_of_an_event.py:5:27: error: a Condition is made with a Lock, not an Event
#     5 |     condition = Condition(Event())
#       |                           ^^^^^^^
#   in coroutine 'f'
#   hint: write `Condition(lock)`, or `Condition()` for one with a lock of its own
