# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    if n < 0:
        raise ValueError('negative')

# refused:
# raise.py:6:9: error: `raise` is not available in coroutines yet
#     6 |         raise ValueError('negative')
#       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: check the condition and return a value that says so, or use `assert`, which stops the whole run
