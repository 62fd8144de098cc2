# ruff: noqa
from coro2cuda import *
async def h(x):
    return x



@gpu_async
async def f(n: i32):
    return h(n)

# refused:
# call_undecorated.py:10:12: error: 'h' is a plain `async def`
#    10 |     return h(n)
#       |            ^^^^
#   in coroutine 'f'
#   hint: decorate it with @gpu_async, and await it
