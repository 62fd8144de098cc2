# ruff: noqa
import math

from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    return math.sqrt(v)

# refused:
# math_of_an_array.py:7:12: error: a number is needed here, not an f32[:]
#     7 |     return math.sqrt(v)
#       |            ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: give an item or an element
