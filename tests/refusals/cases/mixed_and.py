# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n and 1.5

# refused:
# mixed_and.py:5:12: error: `and` gives i32 or float here, and a value has one type
#     5 |     return n and 1.5
#       |            ^^^^^^^^^
#   in coroutine 'f'
#   hint: compare or convert the operands, so that they have one type
