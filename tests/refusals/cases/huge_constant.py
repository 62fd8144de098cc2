# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return 1 << 100_000

# refused:
# huge_constant.py:5:12: error: this constant does not fit any integer type
#     5 |     return 1 << 100_000
#       |            ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: use a smaller exponent or shift
