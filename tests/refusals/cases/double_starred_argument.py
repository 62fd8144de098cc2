# ruff: noqa
from coro2cuda import *
def g(x):
    return x



@gpu_async
async def f(n: i32):
    return g(**n)

# refused:
# double_starred_argument.py:10:12: error: `**` unpacking is not available
#    10 |     return g(**n)
#       |            ^^^^^^
#   in coroutine 'f'
#   hint: name every argument: its parameters are x
