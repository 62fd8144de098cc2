# ruff: noqa
import math

from coro2cuda import *
@gpu_async
async def f(n: i32):
    return int(math.nan)

# refused:
# int_of_nan.py:7:12: error: nan cannot become an int: cannot convert float NaN to integer
#     7 |     return int(math.nan)
#       |            ^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write another literal
