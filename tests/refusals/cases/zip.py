# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    for x, y in zip(v, v):
        pass

# refused:
# zip.py:5:17: error: 'zip' is not available in a coroutine
#     5 |     for x, y in zip(v, v):
#       |                 ^^^^^^^^^
#   in coroutine 'f'
#   hint: loop over `range(len(a))` and index the arrays
