# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    try:
        n = 1
    except ValueError as e:
        n = 2
    raise e

# refused:
# exception_after_its_handler.py:9:5: error: `e` is not an exception class
#     9 |     raise e
#       |     ^^^^^^^
#   in coroutine 'f'
#   hint: an exception has its name only inside its `except` block
