# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return n(1)

# refused:
# call_a_value.py:5:12: error: 'n' is a value, not a function
#     5 |     return n(1)
#       |            ^^^^
#   in coroutine 'f'
#   hint: index with `n[...]`, or call a function
