# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    open('x')

# refused:
# open.py:5:5: error: 'open' cannot be called in a coroutine
#     5 |     open('x')
#       |     ^^^^^^^^^
#   in coroutine 'f'
#   hint: call coroutines, plain Python functions and math.*
