# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    if n > 0:
        x = 1
    return x

# refused:
# unbound_in_a_branch.py:7:12: error: 'x' may have no value here
#     7 |     return x
#       |            ^
#   in coroutine 'f'
#   hint: assign 'x' on every path before, also before a loop that may not run
