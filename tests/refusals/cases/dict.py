# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    d = {1: 2}

# refused:
# dict.py:5:9: error: a dict is not available in a coroutine
#     5 |     d = {1: 2}
#       |         ^^^^^^
#   in coroutine 'f'
#   hint: use a NumPy array passed as an argument, or a tuple of fixed length
