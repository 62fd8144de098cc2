# ruff: noqa
from coro2cuda import *
counter = 0


@gpu_async
async def f(n: i32):
    global counter
    counter = 1

# refused:
# global.py:8:5: error: `global` is not available: tasks share no Python variables
#     8 |     global counter
#       |     ^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: pass an array and write into it
