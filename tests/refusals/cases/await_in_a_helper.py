# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: i32, y=1):
    return x


def h(x):
    return g(x)



@gpu_async
async def f(n: i32):
    return h(n)

# refused:
# await_in_a_helper.py:9:12: error: coroutine 'g' was never awaited
#     9 |     return g(x)
#       |            ^^^^
#   in function 'h'
#   hint: make 'h' a coroutine, `@gpu_async async def`, and write `await g(x)`
