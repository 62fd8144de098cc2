# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    for x in (1, 2.5):
        pass

# refused:
# iterate_over_mixed_items.py:5:14: error: the items of this tuple have no common type
#     5 |     for x in (1, 2.5):
#       |              ^^^^^^^^
#   in coroutine 'f'
#   hint: a loop variable has one type: unpack the tuple instead
