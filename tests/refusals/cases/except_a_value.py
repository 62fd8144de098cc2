# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    try:
        n = 1
    except n:
        n = 2

# refused:
# except_a_value.py:7:12: error: `n` is not an exception class
#     7 |     except n:
#       |            ^
#   in coroutine 'f'
#   hint: name a class that is built in or defined outside, or a tuple of such
