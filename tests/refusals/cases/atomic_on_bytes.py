# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(k: u8[:]):
    atomic_add(k, 0, 1)

# refused:
# atomic_on_bytes.py:5:5: error: atomics need elements of 32 or 64 bits, not u8
#     5 |     atomic_add(k, 0, 1)
#       |     ^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: use a wider array
