# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    return int(v)

# refused:
# int_of_an_array.py:5:12: error: an f32[:] cannot be converted to int
#     5 |     return int(v)
#       |            ^^^^^^
#   in coroutine 'f'
#   hint: convert an item or an element
