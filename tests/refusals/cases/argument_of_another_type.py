# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: i32, y=1):
    return x



@gpu_async
async def f(n: i32):
    return await g(0.5)

# refused:
# argument_of_another_type.py:11:20: error: parameter 'x' of 'g' is i32 and here gets float
#    11 |     return await g(0.5)
#       |                    ^^^
#   in coroutine 'f'
#   hint: convert it: `i32(...)`
