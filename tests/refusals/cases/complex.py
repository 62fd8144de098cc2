# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    z = n + 1j

# refused:
# complex.py:5:13: error: a complex number is not a value in a coroutine
#     5 |     z = n + 1j
#       |             ^^
#   in coroutine 'f'
#   hint: keep the real and the imaginary part in two floats
