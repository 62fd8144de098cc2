# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n.bit_length()

# refused:
# method.py:5:12: error: the method '.bit_length()' is not available
#     5 |     return n.bit_length()
#       |            ^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: values have no methods here; use functions
