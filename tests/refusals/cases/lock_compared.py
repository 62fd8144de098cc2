# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    a, b = Lock(), Lock()
    return 1 if a == b else n

# refused:
# lock_compared.py:6:17: error: a Lock cannot be compared
#     6 |     return 1 if a == b else n
#       |                 ^^^^^^
#   in coroutine 'f'
#   hint: keep a number that tells which one it is
