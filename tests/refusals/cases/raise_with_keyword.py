# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    raise ValueError(n, why=1)

# refused:
# raise_with_keyword.py:5:11: error: an exception takes no keyword arguments in a coroutine
#     5 |     raise ValueError(n, why=1)
#       |           ^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: give them by position
