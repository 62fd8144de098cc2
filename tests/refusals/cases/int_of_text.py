# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return int('12')

# refused:
# int_of_text.py:5:16: error: a string is not a value in a coroutine
#     5 |     return int('12')
#       |                ^^^^
#   in coroutine 'f'
#   hint: only print(), assert and exceptions take text, written there
