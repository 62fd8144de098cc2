# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(p: tuple[i32, i32]):
    return p == (1, 2)

# refused:
# tuple_comparison.py:5:12: error: a tuple (tuple[i32, i32]) cannot be compared
#     5 |     return p == (1, 2)
#       |            ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: compare items or elements
