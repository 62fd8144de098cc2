# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32, u: u64):
    return n + u

# refused:
# signed_and_u64.py:5:12: error: i32 and u64 have no common integer type
#     5 |     return n + u
#       |            ^^^^^
#   in coroutine 'f'
#   hint: convert one of them, for instance `i64(...)`
