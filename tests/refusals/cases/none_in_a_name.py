# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    x = None

# refused:
# none_in_a_name.py:5:5: error: 'x' would be None
#     5 |     x = None
#       |     ^
#   in coroutine 'f'
#   hint: only values of a type can be kept in a name
