# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    for i in range(n):
        pass
    return i

# refused:
# unbound_after_a_loop.py:7:12: error: 'i' may have no value here
#     7 |     return i
#       |            ^
#   in coroutine 'f'
#   hint: assign 'i' on every path before, also before a loop that may not run
