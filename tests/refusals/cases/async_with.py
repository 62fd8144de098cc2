# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    async with n:
        pass

# refused:
# async_with.py:5:5: error: `async with` is not available in coroutines yet
#     5 |     async with n:
#       |     ^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: this version compiles control flow, arithmetic, arrays, helpers, and `await` of coroutines and gather()
