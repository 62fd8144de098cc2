# ruff: noqa
from coro2cuda import *
async def h(x):
    return x



@gpu_async
async def f(n: i32):
    return await h(n)

# refused:
# await_undecorated.py:10:18: error: 'h' is a plain `async def`
#    10 |     return await h(n)
#       |                  ^^^^
#   in coroutine 'f'
#   hint: decorate it: `@gpu_async` above `async def h`
