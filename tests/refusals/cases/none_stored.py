# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    v[0] = None

# refused:
# none_stored.py:5:12: error: an element of 'v' is f32 and here gets None
#     5 |     v[0] = None
#       |            ^^^^
#   in coroutine 'f'
#   hint: give it an f32
