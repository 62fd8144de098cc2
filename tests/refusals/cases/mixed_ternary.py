# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n if n > 0 else 0.5

# refused:
# mixed_ternary.py:5:12: error: this is i32 on one path and float on the other
#     5 |     return n if n > 0 else 0.5
#       |            ^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: convert one side, for instance `i32(...)`
