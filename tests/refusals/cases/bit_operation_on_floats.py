# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(x: f32):
    return x & 1

# refused:
# bit_operation_on_floats.py:5:12: error: bit operations need integers, not f32 and f32
#     5 |     return x & 1
#       |            ^^^^^
#   in coroutine 'f'
#   hint: convert: `int(...)`
