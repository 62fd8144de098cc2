# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(a: f32[:], n: i32):
    return a[n > 2]

# refused:
# bool_index.py:5:14: error: a bool is no index of an array: NumPy takes it as a mask
#     5 |     return a[n > 2]
#       |              ^^^^^
#   in coroutine 'f'
#   hint: convert it: `int(...)`
