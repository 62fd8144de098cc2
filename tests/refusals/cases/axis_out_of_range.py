# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    return v.shape[1]

# refused:
# axis_out_of_range.py:5:12: error: there is no axis 1: the array has 1 dimension
#     5 |     return v.shape[1]
#       |            ^^^^^^^^^^
#   in coroutine 'f'
#   hint: axes count from 0
