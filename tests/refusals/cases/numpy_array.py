# ruff: noqa
import numpy as np

from coro2cuda import *
@gpu_async
async def f(n: i32):
    a = np.zeros(3)

# refused:
# numpy_array.py:7:9: error: 'np.zeros' is not available in a coroutine
#     7 |     a = np.zeros(3)
#       |         ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: use math.* on scalars, and loops over arrays
