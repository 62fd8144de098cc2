# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return pow(n, 2, 7)

# refused:
# three_argument_pow.py:5:12: error: pow() takes 2 arguments, and 3 are given
#     5 |     return pow(n, 2, 7)
#       |            ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: leave out what is too much
