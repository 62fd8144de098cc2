# ruff: noqa
import numpy as np

from coro2cuda import *
TABLE = np.zeros(3)
TABLE.setflags(write=False)


@gpu_async
async def f(n: i32):
    TABLE[0] = 1

# refused:
# read_only_array.py:11:5: error: the array is read-only
#    11 |     TABLE[0] = 1
#       |     ^^^^^^^^
#   in coroutine 'f'
#   hint: pass a writable array, or a copy of this one
