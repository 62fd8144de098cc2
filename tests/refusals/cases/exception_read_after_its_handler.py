# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    try:
        n = 1
    except ValueError as e:
        n = 2
    return e

# refused:
# exception_read_after_its_handler.py:9:12: error: 'e' names an exception, and only inside its `except` block
#     9 |     return e
#       |            ^
#   in coroutine 'f'
#   hint: keep a number that says what happened
