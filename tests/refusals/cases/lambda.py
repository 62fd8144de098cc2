# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    g = lambda x: x
    return g(n)

# refused:
# lambda.py:5:9: error: a lambda cannot be compiled
#     5 |     g = lambda x: x
#       |         ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write a `def` at module level and call it
