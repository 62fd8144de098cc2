# ruff: noqa
from coro2cuda import *
TABLE = {1: 2}


@gpu_async
async def f(n: i32):
    return TABLE[n]

# refused:
# dict_constant.py:8:12: error: 'TABLE' is a dict, which is not a value in a coroutine
#     8 |     return TABLE[n]
#       |            ^^^^^
#   in coroutine 'f'
#   hint: use numbers, bools, tuples of them, or NumPy arrays of numbers in native byte order with 1 to 3 dimensions
