# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(m: i32[:, :]):
    atomic_add(m, 0, 1)

# refused:
# atomic_index_count.py:5:19: error: 1 index for an array of 2 dimensions
#     5 |     atomic_add(m, 0, 1)
#       |                   ^
#   in coroutine 'f'
#   hint: give 2
