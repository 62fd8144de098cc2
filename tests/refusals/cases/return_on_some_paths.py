# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    if n > 0:
        return 1

# refused:
# return_on_some_paths.py:4:1: error: 'f' returns int on some paths and ends without `return` on another
#     4 | async def f(n: i32):
#       | ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: end it with a `return` that has a value
