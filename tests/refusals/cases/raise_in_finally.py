# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    try:
        n = 1
    finally:
        raise

# refused:
# raise_in_finally.py:8:9: error: `raise` without an exception in `finally`
#     8 |         raise
#       |         ^^^^^
#   in coroutine 'f'
#   hint: write it in the `except` block itself, or name what to raise
