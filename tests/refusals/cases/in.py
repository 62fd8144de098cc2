# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n in (1, 2)

# refused:
# in.py:5:12: error: `in` is not available in a coroutine
#     5 |     return n in (1, 2)
#       |            ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: compare with each item, or write the loop
