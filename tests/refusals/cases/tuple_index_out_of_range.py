# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(p: tuple[i32, i32]):
    return p[2]

# refused:
# tuple_index_out_of_range.py:5:12: error: there is no item 2: the tuple has 2
#     5 |     return p[2]
#       |            ^^^^
#   in coroutine 'f'
#   hint: items count from 0
