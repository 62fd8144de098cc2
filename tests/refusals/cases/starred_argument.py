# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(p: tuple[i32, i32]):
    return max(*p)

# refused:
# starred_argument.py:5:16: error: `*` unpacking is not available
#     5 |     return max(*p)
#       |                ^^
#   in coroutine 'f'
#   hint: name every item
