# ruff: noqa
from coro2cuda import *
COUNT = 0


@gpu_async
async def f(n: i32):
    COUNT += 1

# refused:
# assign_a_global.py:8:5: error: 'COUNT' is assigned in this function, so it is not the 'COUNT' outside, and has no value here
#     8 |     COUNT += 1
#       |     ^^^^^
#   in coroutine 'f'
#   hint: use another name; tasks share only what is in arrays
