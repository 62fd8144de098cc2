# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    atomic_add(n, 0, 1)

# refused:
# atomic_on_a_scalar.py:5:16: error: an atomic works on an array, not an i32
#     5 |     atomic_add(n, 0, 1)
#       |                ^
#   in coroutine 'f'
#   hint: other tasks do not see this value: share an array
