# ruff: noqa
from coro2cuda import *
def h(x):
    return k(x)


def k(x):
    return h(x)



@gpu_async
async def f(n: i32):
    return h(n)

# refused:
# mutually_recursive_helpers.py:8:12: error: the function 'h' calls itself: plain functions have no stack to recurse on
#     8 |     return h(x)
#       |            ^^^^
#   in function 'k'
#   hint: make it a coroutine: `@gpu_async async def`, and await it
