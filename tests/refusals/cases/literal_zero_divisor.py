# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return 1 // 0

# refused:
# literal_zero_divisor.py:5:12: error: this constant expression divides by zero
#     5 |     return 1 // 0
#       |            ^^^^^^
#   in coroutine 'f'
#   hint: write another constant
