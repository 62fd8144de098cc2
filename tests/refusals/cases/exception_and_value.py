# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    e = 1
    try:
        n = 1
    except ValueError as e:
        n = 2

# refused:
# exception_and_value.py:5:5: error: 'e' names an exception elsewhere in this function
#     5 |     e = 1
#       |     ^
#   in coroutine 'f'
#   hint: use another name
