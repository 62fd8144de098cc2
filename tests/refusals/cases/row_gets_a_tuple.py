# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:, :], n: int):
    v[0] = (n, 1)

# refused:
# row_gets_a_tuple.py:5:5: error: the slice is f32[:] and would get tuple[int, int]
#     5 |     v[0] = (n, 1)
#       |     ^^^^
#   in coroutine 'f'
#   hint: assign an array of the same element type and dimensions, or a scalar
