# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    lock = Lock()
    return lock + 1

# refused:
# lock_arithmetic.py:6:12: error: arithmetic is not available on a Lock
#     6 |     return lock + 1
#       |            ^^^^^^^^
#   in coroutine 'f'
#   hint: operate on numbers
