# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    x = v.dtype

# refused:
# array_dtype.py:5:9: error: arrays have no `.dtype` in a coroutine
#     5 |     x = v.dtype
#       |         ^^^^^^^
#   in coroutine 'f'
#   hint: available are .shape, .ndim and .size, indexing, slices and loops
