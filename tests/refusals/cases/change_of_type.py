# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(x: f32):
    total = 0
    total = total + x
    return total

# refused:
# change_of_type.py:6:5: error: 'total' is int and would become float: one name has one type
#     6 |     total = total + x
#       |     ^^^^^
#   in coroutine 'f'
#   hint: convert the value: `int(...)`, or use another name
