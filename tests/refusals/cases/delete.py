# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    del n

# refused:
# delete.py:5:5: error: `del` is not available in a coroutine
#     5 |     del n
#       |     ^^^^^
#   in coroutine 'f'
#   hint: let the name go unused: it costs nothing once it is dead
