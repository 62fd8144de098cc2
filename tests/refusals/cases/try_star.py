# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    try:
        n = 1
    except* ValueError:
        n = 2

# refused:
# try_star.py:5:5: error: `except*` is not available in a coroutine
#     5 |     try:
#       |     ^^^^
#   in coroutine 'f'
#   hint: catch ExceptionGroup
