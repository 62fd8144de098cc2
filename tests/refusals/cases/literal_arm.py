# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    least = 0 if n < 0 else n
    return least

# refused:
# literal_arm.py:5:13: error: this is int on one path and i32 on the other
#     5 |     least = 0 if n < 0 else n
#       |             ^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `i32(0)`
