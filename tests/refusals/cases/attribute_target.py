# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    n.value = 1

# refused:
# attribute_target.py:5:5: error: '.value' is not available on an i32
#     5 |     n.value = 1
#       |     ^^^^^^^
#   in coroutine 'f'
#   hint: only arrays have attributes: .shape, .ndim and .size
