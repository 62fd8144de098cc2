# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(x: f32, v: f32[:]):
    return bit_cast(u32, v)

# refused:
# bit_cast_of_an_array.py:5:26: error: bit_cast() takes an integer or a float, not an f32[:]
#     5 |     return bit_cast(u32, v)
#       |                          ^
#   in coroutine 'f'
#   hint: give an item or an element
