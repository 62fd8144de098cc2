# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n is None

# refused:
# is.py:5:12: error: `is` compares objects, and compiled values are not objects
#     5 |     return n is None
#       |            ^^^^^^^^^
#   in coroutine 'f'
#   hint: use `==`
