# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    if n > 0:
        return 1
    return 0.5

# refused:
# returns_disagree.py:7:5: error: 'f' returns int elsewhere and here float
#     7 |     return 0.5
#       |     ^^^^^^^^^^
#   in coroutine 'f'
#   hint: annotate the result, or convert here: `int(...)`
