# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    v[1:] = v[:-1]

# refused:
# slice_onto_itself.py:5:5: error: an array is copied onto itself, and the slices may overlap
#     5 |     v[1:] = v[:-1]
#       |     ^^^^^
#   in coroutine 'f'
#   hint: write the loop out
