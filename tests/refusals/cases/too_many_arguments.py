# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: i32, y=1):
    return x



@gpu_async
async def f(n: i32):
    return await g(1, 2, 3)

# refused:
# too_many_arguments.py:11:18: error: 'g' takes 2 positional arguments, and 3 are given
#    11 |     return await g(1, 2, 3)
#       |                  ^^^^^^^^^^
#   in coroutine 'f'
#   hint: its parameters are x, y
