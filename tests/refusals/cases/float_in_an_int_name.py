# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    x: i32 = 1.5

# refused:
# float_in_an_int_name.py:5:14: error: 'x' is i32 and here gets float
#     5 |     x: i32 = 1.5
#       |              ^^^
#   in coroutine 'f'
#   hint: convert it: `i32(...)`
