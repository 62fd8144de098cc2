# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    for i in n:
        pass

# refused:
# iterate_over_a_scalar.py:5:14: error: an i32 cannot be iterated over
#     5 |     for i in n:
#       |              ^
#   in coroutine 'f'
#   hint: iterate over a range, an array or a tuple
