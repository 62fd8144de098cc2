# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    if n > 0:
        x = 1
    else:
        x = 0.5
    return x

# refused:
# branches_disagree.py:8:9: error: 'x' is int and would become float: one name has one type
#     8 |         x = 0.5
#       |         ^
#   in coroutine 'f'
#   hint: convert the value: `int(...)`, or use another name
