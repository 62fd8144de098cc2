# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    a, b = n

# refused:
# unpack_a_scalar.py:5:5: error: an i32 cannot be unpacked
#     5 |     a, b = n
#       |     ^^^^
#   in coroutine 'f'
#   hint: only tuples can, whose length is known
