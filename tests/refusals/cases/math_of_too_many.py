# ruff: noqa
import math

from coro2cuda import *
@gpu_async
async def f(x: f32):
    return math.sqrt(x, 2)

# refused:
# math_of_too_many.py:7:12: error: math.sqrt() takes 1 argument, and 2 are given
#     7 |     return math.sqrt(x, 2)
#       |            ^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: leave out what is too much
