# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(x: f32):
    return round(x, 2)

# refused:
# round_to_digits.py:5:12: error: round() to digits is not available
#     5 |     return round(x, 2)
#       |            ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: scale, round and scale back
