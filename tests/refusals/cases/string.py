# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    s = 'text'

# refused:
# string.py:5:9: error: a string is not a value in a coroutine
#     5 |     s = 'text'
#       |         ^^^^^^
#   in coroutine 'f'
#   hint: only print(), assert and exceptions take text, written there
