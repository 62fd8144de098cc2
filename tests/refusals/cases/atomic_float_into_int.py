# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(k: i32[:]):
    atomic_add(k, 0, 0.5)

# refused:
# atomic_float_into_int.py:5:22: error: an element of 'k' is i32 and here gets float
#     5 |     atomic_add(k, 0, 0.5)
#       |                      ^^^
#   in coroutine 'f'
#   hint: convert it: `i32(...)`
