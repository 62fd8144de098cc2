# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    a, b, c = (1, 2)

# refused:
# unpack_too_few.py:5:5: error: 2 values cannot be unpacked into 3 targets
#     5 |     a, b, c = (1, 2)
#       |     ^^^^^^^
#   in coroutine 'f'
#   hint: give as many targets as there are values
