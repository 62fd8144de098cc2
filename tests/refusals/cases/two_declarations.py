# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    x: i32 = 1
    x: i64 = 2

# refused:
# two_declarations.py:6:5: error: 'x' is declared int here and i32 elsewhere
#     6 |     x: i64 = 2
#       |     ^^^^^^^^^^
#   in coroutine 'f'
#   hint: one name has one type: use another name
