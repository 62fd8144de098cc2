# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return min(n, 2, key=abs)

# refused:
# keyword_to_a_builtin.py:5:12: error: min() takes no keyword arguments here
#     5 |     return min(n, 2, key=abs)
#       |            ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: give the values in order
