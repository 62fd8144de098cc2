# ruff: noqa
import numpy as np

from coro2cuda import *
TABLE = np.array(['a'])


@gpu_async
async def f(n: i32):
    return TABLE[0]

# refused:
# array_of_text.py:10:12: error: 'TABLE' is an array of <U1 of 1 dimension, which cannot be compiled
#    10 |     return TABLE[0]
#       |            ^^^^^
#   in coroutine 'f'
#   hint: use numbers, bools, tuples of them, or NumPy arrays of numbers in native byte order with 1 to 3 dimensions
