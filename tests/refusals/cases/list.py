# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    a = [1, 2, 3]

# refused:
# list.py:5:9: error: a list is not available in a coroutine
#     5 |     a = [1, 2, 3]
#       |         ^^^^^^^^^
#   in coroutine 'f'
#   hint: use a NumPy array passed as an argument, or a tuple of fixed length; tasks make a list in `[create_task(f(i)) for i in range(n)]`, or are appended to `[]`
