# ruff: noqa
from coro2cuda import *
def h(x):
    return 1 if x < 2 else x * h(x - 1)



@gpu_async
async def f(n: i32):
    return h(n)

# refused:
# recursive_helper.py:4:32: error: the function 'h' calls itself: plain functions have no stack to recurse on
#     4 |     return 1 if x < 2 else x * h(x - 1)
#       |                                ^^^^^^^^
#   in function 'h'
#   hint: make it a coroutine: `@gpu_async async def`, and await it
