# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    lock = Lock()
    lock = Event()
    return n

# refused:
# lock_then_event_in_one_name.py:6:5: error: 'lock' is Lock and would become Event: one name has one type
#     6 |     lock = Event()
#       |     ^^^^
#   in coroutine 'f'
#   hint: use another name
