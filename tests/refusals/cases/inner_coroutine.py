# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    async def g(x):
        return x
    return await g(n)

# refused:
# inner_coroutine.py:5:5: error: a coroutine cannot be defined in a coroutine
#     5 |     async def g(x):
#       |     ^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: define it outside, with @gpu_async
