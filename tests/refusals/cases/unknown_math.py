# ruff: noqa
import math

from coro2cuda import *
@gpu_async
async def f(x: f32):
    return math.sine(x)

# refused:
# unknown_math.py:7:12: error: module 'math' has no 'sine'
#     7 |     return math.sine(x)
#       |            ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: look for another name in its documentation
