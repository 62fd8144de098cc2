# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return 2 ** 64

# refused:
# literal_beyond_integers.py:5:12: error: 18446744073709551616 does not fit any integer type
#     5 |     return 2 ** 64
#       |            ^^^^^^^
#   in coroutine 'f'
#   hint: use a float, or a u64
