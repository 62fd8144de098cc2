# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    raise

# refused:
# raise_outside_a_handler.py:5:5: error: `raise` without an exception outside a handler
#     5 |     raise
#       |     ^^^^^
#   in coroutine 'f'
#   hint: write it in the `except` block itself, or name what to raise
