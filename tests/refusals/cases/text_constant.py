# ruff: noqa
from coro2cuda import *
NAME = 'x'


@gpu_async
async def f(n: i32):
    name = NAME

# refused:
# text_constant.py:8:12: error: 'NAME' is a str, which is not a value in a coroutine
#     8 |     name = NAME
#       |            ^^^^
#   in coroutine 'f'
#   hint: use numbers, bools, tuples of them, or NumPy arrays of numbers in native byte order with 1 to 3 dimensions
