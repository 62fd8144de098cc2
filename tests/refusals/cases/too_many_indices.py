# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    return v[0, 1]

# refused:
# too_many_indices.py:5:12: error: 2 indices for an array of 1 dimension
#     5 |     return v[0, 1]
#       |            ^^^^^^^
#   in coroutine 'f'
#   hint: give 1
