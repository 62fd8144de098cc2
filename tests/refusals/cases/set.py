# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    s = {1, 2}

# refused:
# set.py:5:9: error: a set is not available in a coroutine
#     5 |     s = {1, 2}
#       |         ^^^^^^
#   in coroutine 'f'
#   hint: use a NumPy array passed as an argument, or a tuple of fixed length
