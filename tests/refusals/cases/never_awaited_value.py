# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: i32, y=1):
    return x



@gpu_async
async def f(n: i32):
    x = g(n) + 1

# refused:
# never_awaited_value.py:11:9: error: coroutine 'g' was never awaited
#    11 |     x = g(n) + 1
#       |         ^^^^
#   in coroutine 'f'
#   hint: write `await g(n)`
