# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    w = v + 1

# refused:
# array_arithmetic.py:5:9: error: arithmetic is not available on an array (f32[:])
#     5 |     w = v + 1
#       |         ^^^^^
#   in coroutine 'f'
#   hint: operate on elements, in a loop
