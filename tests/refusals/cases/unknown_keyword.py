# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: i32, y=1):
    return x



@gpu_async
async def f(n: i32):
    return await g(n, z=1)

# refused:
# unknown_keyword.py:11:18: error: 'g' has no parameter 'z'
#    11 |     return await g(n, z=1)
#       |                  ^^^^^^^^^
#   in coroutine 'f'
#   hint: its parameters are x, y
