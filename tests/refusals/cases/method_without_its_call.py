# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    event = Event()
    return n if event.is_set else 0

# refused:
# method_without_its_call.py:6:17: error: `event.is_set` is a method
#     6 |     return n if event.is_set else 0
#       |                 ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: call it: `event.is_set()`
