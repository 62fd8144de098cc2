# ruff: noqa
import time
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n + time.monotonic_ns(1)

# refused:
# clock_with_an_argument.py:6:16: error: time.monotonic_ns() takes no arguments
#     6 |     return n + time.monotonic_ns(1)
#       |                ^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `time.monotonic_ns()`
