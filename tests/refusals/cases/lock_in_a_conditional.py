# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    x = Lock() if n > 1 else Event()
    return n

# refused:
# lock_in_a_conditional.py:5:9: error: this is Lock on one path and Event on the other
#     5 |     x = Lock() if n > 1 else Event()
#       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: make both sides the same type
