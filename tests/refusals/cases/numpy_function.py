# ruff: noqa
import numpy as np

from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    return np.sum(v)

# refused:
# numpy_function.py:7:12: error: 'np.sum' is not available in a coroutine
#     7 |     return np.sum(v)
#       |            ^^^^^^^^^
#   in coroutine 'f'
#   hint: use math.* on scalars, and loops over arrays
