# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(k: i32[:]):
    atomic_add(k, 0)

# refused:
# atomic_too_few.py:5:5: error: atomic_add() takes 3 arguments in order
#     5 |     atomic_add(k, 0)
#       |     ^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `atomic_add(array, index, value)`
