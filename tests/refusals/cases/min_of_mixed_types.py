# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32, x: f32):
    return min(n, x)

# refused:
# min_of_mixed_types.py:5:12: error: min() would give one of several types: f32 and i32
#     5 |     return min(n, x)
#       |            ^^^^^^^^^
#   in coroutine 'f'
#   hint: convert them to one type
