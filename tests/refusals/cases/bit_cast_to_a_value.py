# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(x: f32, v: f32[:]):
    return bit_cast(x, x)

# refused:
# bit_cast_to_a_value.py:5:21: error: bit_cast() gives an integer or a float, and `x` is the type of neither
#     5 |     return bit_cast(x, x)
#       |                     ^
#   in coroutine 'f'
#   hint: write `bit_cast(u32, x)`
