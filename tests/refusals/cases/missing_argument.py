# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: i32, y=1):
    return x



@gpu_async
async def f(n: i32):
    return await g()

# refused:
# missing_argument.py:11:18: error: 'g' misses its argument 'x'
#    11 |     return await g()
#       |                  ^^^
#   in coroutine 'f'
#   hint: its parameters are x, y
