# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(p: tuple[i32, i32]):
    p[0] = 1

# refused:
# tuple_item_target.py:5:5: error: `p[0]` cannot be assigned to
#     5 |     p[0] = 1
#       |     ^^^^
#   in coroutine 'f'
#   hint: assign to elements and slices
