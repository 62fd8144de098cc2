# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:], k: i32[:]):
    v[:2] = k[:2]

# refused:
# slice_of_another_type.py:5:5: error: the slice is f32[:] and would get i32[:]
#     5 |     v[:2] = k[:2]
#       |     ^^^^^
#   in coroutine 'f'
#   hint: assign an array of the same element type and dimensions, or a scalar
