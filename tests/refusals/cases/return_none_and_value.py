# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    if n > 0:
        return 1
    return

# refused:
# return_none_and_value.py:7:5: error: 'f' returns int and here None
#     7 |     return
#       |     ^^^^^^
#   in coroutine 'f'
#   hint: return a value on every path
