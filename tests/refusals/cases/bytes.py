# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    s = b'text'

# refused:
# bytes.py:5:9: error: a bytes object is not a value in a coroutine
#     5 |     s = b'text'
#       |         ^^^^^^^
#   in coroutine 'f'
#   hint: pass a u8 array
