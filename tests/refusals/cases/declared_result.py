# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(x: f64) -> i32:
    return x

# refused:
# declared_result.py:5:12: error: the result of 'f' is i32 and here gets float
#     5 |     return x
#       |            ^
#   in coroutine 'f'
#   hint: convert it: `i32(...)`
