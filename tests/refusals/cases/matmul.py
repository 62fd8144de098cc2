# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(a: f32[:, :], b: f32[:, :]):
    return a @ b

# refused:
# matmul.py:5:12: error: `@` is not available in a coroutine
#     5 |     return a @ b
#       |            ^^^^^
#   in coroutine 'f'
#   hint: write the loops, or multiply on the host
