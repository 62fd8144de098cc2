# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    try:
        x = 1 // n
    except ZeroDivisionError:
        pass
    return x

# refused:
# bound_in_try_only.py:9:12: error: 'x' may have no value here
#     9 |     return x
#       |            ^
#   in coroutine 'f'
#   hint: assign 'x' on every path before, also before a loop that may not run
