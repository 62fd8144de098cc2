# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    d = {i: i for i in range(n)}

# refused:
# dict_comprehension.py:5:9: error: a dict comprehension is not available
#     5 |     d = {i: i for i in range(n)}
#       |         ^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: use a NumPy array passed as an argument, or a tuple of fixed length
