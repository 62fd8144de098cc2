# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: i32, y=1):
    return x



@gpu_async
async def f(n: i32):
    g(n)

# refused:
# never_awaited.py:11:5: error: coroutine 'g' was never awaited
#    11 |     g(n)
#       |     ^^^^
#   in coroutine 'f'
#   hint: write `await g(n)`
