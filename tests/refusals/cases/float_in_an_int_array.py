# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(k: i32[:]):
    k[0] = 1.5

# refused:
# float_in_an_int_array.py:5:12: error: an element of 'k' is i32 and here gets float
#     5 |     k[0] = 1.5
#       |            ^^^
#   in coroutine 'f'
#   hint: convert it: `i32(...)`
