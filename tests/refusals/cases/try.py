# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    try:
        n = 1
    finally:
        pass

# refused:
# try.py:5:5: error: `try` is not available in coroutines yet
#     5 |     try:
#       |     ^^^^
#   in coroutine 'f'
#   hint: check the condition and return a value that says so, or use `assert`, which stops the whole run
