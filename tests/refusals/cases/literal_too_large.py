# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n + 3_000_000_000

# refused:
# literal_too_large.py:5:16: error: 3000000000 does not fit i32 (from -2147483648 to 2147483647)
#     5 |     return n + 3_000_000_000
#       |                ^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: convert the other operand first, for instance `i64(...)`, or write `i32(3000000000)` to wrap
