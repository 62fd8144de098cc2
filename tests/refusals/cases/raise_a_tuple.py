# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    raise ValueError((n, 1))

# refused:
# raise_a_tuple.py:5:22: error: an argument of an exception is a number or text, not a tuple
#     5 |     raise ValueError((n, 1))
#       |                      ^^^^^^
#   in coroutine 'f'
#   hint: give the items one by one
