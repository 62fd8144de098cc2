# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(p: tuple[i32, i32]):
    return p + p

# refused:
# tuple_arithmetic.py:5:12: error: arithmetic is not available on a tuple (tuple[i32, i32])
#     5 |     return p + p
#       |            ^^^^^
#   in coroutine 'f'
#   hint: operate on numbers
