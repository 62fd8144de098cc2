# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n is not None

# refused:
# is_not.py:5:12: error: `is not` compares objects, and compiled values are not objects
#     5 |     return n is not None
#       |            ^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: use `!=`
