# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    a, b = v

# refused:
# unpack_an_array.py:5:5: error: an f32[:] cannot be unpacked
#     5 |     a, b = v
#       |     ^^^^
#   in coroutine 'f'
#   hint: only tuples can, whose length is known
