# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    def g(x):
        return x
    return g(n)

# refused:
# inner_function.py:5:5: error: a function cannot be defined in a coroutine
#     5 |     def g(x):
#       |     ^^^^^^^^^
#   in coroutine 'f'
#   hint: define it outside, and pass it what it needs
