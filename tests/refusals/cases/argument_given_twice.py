# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: i32, y=1):
    return x



@gpu_async
async def f(n: i32):
    return await g(n, x=1)

# refused:
# argument_given_twice.py:11:18: error: 'g' gets 'x' twice
#    11 |     return await g(n, x=1)
#       |                  ^^^^^^^^^
#   in coroutine 'f'
#   hint: its parameters are x, y
