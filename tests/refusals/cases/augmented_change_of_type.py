# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(x: f32):
    total = 0
    total += x
    return total

# refused:
# augmented_change_of_type.py:6:5: error: 'total' is int and `+=` makes it float
#     6 |     total += x
#       |     ^^^^^^^^^^
#   in coroutine 'f'
#   hint: start it as float, or convert the value to int
