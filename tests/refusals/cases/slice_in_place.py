# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    v[1:] += 1

# refused:
# slice_in_place.py:5:5: error: an operation in place is not available on a slice
#     5 |     v[1:] += 1
#       |     ^^^^^
#   in coroutine 'f'
#   hint: write the loop out
