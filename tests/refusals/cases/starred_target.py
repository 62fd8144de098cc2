# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    a, *b = (1, 2, 3)

# refused:
# starred_target.py:5:8: error: `*` unpacking is not available
#     5 |     a, *b = (1, 2, 3)
#       |        ^^
#   in coroutine 'f'
#   hint: name every item
