# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return [i for i in range(n)]

# refused:
# list_comprehension.py:5:12: error: a list comprehension makes a list of tasks, and nothing else
#     5 |     return [i for i in range(n)]
#       |            ^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: use a NumPy array passed as an argument, or a tuple of fixed length; tasks make a list in `[create_task(f(i)) for i in range(n)]`, or are appended to `[]`
