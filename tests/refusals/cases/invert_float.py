# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(x: f32):
    return ~x

# refused:
# invert_float.py:5:12: error: `~` needs an integer, not f32
#     5 |     return ~x
#       |            ^^
#   in coroutine 'f'
#   hint: convert: `int(...)`
