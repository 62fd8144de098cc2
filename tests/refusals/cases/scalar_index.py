# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n[0]

# refused:
# scalar_index.py:5:12: error: an i32 cannot be indexed
#     5 |     return n[0]
#       |            ^^^^
#   in coroutine 'f'
#   hint: only arrays and tuples can
