# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: u32):
    total = 0
    for i in range(n, -1, -1):
        total += int(i)
    return total

# refused:
# range_bound_of_another_sign.py:6:23: error: -1 does not fit the type of the loop, u32
#     6 |     for i in range(n, -1, -1):
#       |                       ^^
#   in coroutine 'f'
#   hint: convert the other bounds: `int(...)`
