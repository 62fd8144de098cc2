# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    s = f'{n}'

# refused:
# f_string.py:5:9: error: `f'{n}'` is not available in a coroutine
#     5 |     s = f'{n}'
#       |         ^^^^^^
#   in coroutine 'f'
#   hint: only print() and exceptions take f-strings
