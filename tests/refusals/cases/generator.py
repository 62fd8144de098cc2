# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return sum(i for i in range(n))

# refused:
# generator.py:5:15: error: a generator expression is not available
#     5 |     return sum(i for i in range(n))
#       |               ^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write the loop out
