# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return len(n)

# refused:
# len_of_a_scalar.py:5:12: error: an i32 has no length
#     5 |     return len(n)
#       |            ^^^^^^
#   in coroutine 'f'
#   hint: only arrays and tuples have
