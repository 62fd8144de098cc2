# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    return v[1.5]

# refused:
# float_index.py:5:14: error: an index is an int, not float
#     5 |     return v[1.5]
#       |              ^^^
#   in coroutine 'f'
#   hint: convert it: `int(...)`
