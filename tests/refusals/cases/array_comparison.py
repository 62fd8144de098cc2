# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    return v == 0

# refused:
# array_comparison.py:5:12: error: an array (f32[:]) cannot be compared
#     5 |     return v == 0
#       |            ^^^^^^
#   in coroutine 'f'
#   hint: compare items or elements
