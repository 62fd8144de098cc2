# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(p: tuple[i32, f32], n: i32):
    return p[n]

# refused:
# tuple_of_mixed_items_at_a_variable.py:5:12: error: the items of this tuple have no common type, so the index must be a literal
#     5 |     return p[n]
#       |            ^^^^
#   in coroutine 'f'
#   hint: unpack the tuple, or convert its items to one type
