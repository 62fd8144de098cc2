# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(x: f32, v: f32[:]):
    return bit_cast(u64, x)

# refused:
# bit_cast_of_another_width.py:5:12: error: f32 has 32 bits and u64 has 64
#     5 |     return bit_cast(u64, x)
#       |            ^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: convert it first, or take a type of 32 bits
