# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(p: tuple[i32, f32]):
    return p[1:]

# refused:
# tuple_slice.py:5:12: error: a tuple cannot be sliced
#     5 |     return p[1:]
#       |            ^^^^^
#   in coroutine 'f'
#   hint: name the items
