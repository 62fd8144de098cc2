# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n ** -1

# refused:
# negative_power.py:5:17: error: an integer to a negative power is a float
#     5 |     return n ** -1
#       |                 ^^
#   in coroutine 'f'
#   hint: write the base as a float: `float(...) ** ...`
