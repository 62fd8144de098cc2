# ruff: noqa
import math

from coro2cuda import *
@gpu_async
async def f(n: i32):
    return math.comb(n, 2)

# refused:
# math_not_available.py:7:12: error: 'math.comb' is not available in a coroutine
#     7 |     return math.comb(n, 2)
#       |            ^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write it as a plain function, and call that
