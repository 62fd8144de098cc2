# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return min(n)

# refused:
# min_of_one.py:5:12: error: min() takes two or more values, or a tuple
#     5 |     return min(n)
#       |            ^^^^^^
#   in coroutine 'f'
#   hint: give two values
