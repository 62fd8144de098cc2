# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    for i, x in enumerate(v):
        pass

# refused:
# enumerate.py:5:17: error: 'enumerate' is not available in a coroutine
#     5 |     for i, x in enumerate(v):
#       |                 ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: loop over `range(len(a))` and index the arrays
