# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(x: f32, v: f32[:]):
    return bit_cast(x)

# refused:
# bit_cast_of_one.py:5:12: error: bit_cast() takes 2 arguments in order
#     5 |     return bit_cast(x)
#       |            ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `bit_cast(u32, x)`
