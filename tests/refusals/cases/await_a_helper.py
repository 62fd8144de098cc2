# ruff: noqa
from coro2cuda import *
def h(x):
    return x



@gpu_async
async def f(n: i32):
    return await h(n)

# refused:
# await_a_helper.py:10:18: error: 'h' is not a coroutine: it cannot be awaited
#    10 |     return await h(n)
#       |                  ^^^^
#   in coroutine 'f'
#   hint: call it as it is: a plain function runs at once
