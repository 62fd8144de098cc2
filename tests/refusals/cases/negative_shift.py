# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n << -1

# refused:
# negative_shift.py:5:17: error: a negative shift count
#     5 |     return n << -1
#       |                 ^^
#   in coroutine 'f'
#   hint: shift the other way
