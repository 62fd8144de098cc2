# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    atomic_or(v, 0, 1)

# refused:
# atomic_or_on_floats.py:5:5: error: atomic_or() needs integers, not f32
#     5 |     atomic_or(v, 0, 1)
#       |     ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: use an integer array
