# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    for i in range(1, 2, 3, 4):
        pass

# refused:
# range_of_four.py:5:14: error: range() takes one to three arguments
#     5 |     for i in range(1, 2, 3, 4):
#       |              ^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write range(start, stop, step)
