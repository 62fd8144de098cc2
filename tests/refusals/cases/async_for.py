# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    async for i in n:
        pass

# refused:
# async_for.py:5:5: error: `async for` is not available in coroutines yet
#     5 |     async for i in n:
#       |     ^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: use `for` over a range, an array or a tuple
