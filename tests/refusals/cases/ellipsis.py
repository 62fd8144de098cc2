# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    x = ...

# refused:
# ellipsis.py:5:9: error: `...` is not a value in a coroutine
#     5 |     x = ...
#       |         ^^^
#   in coroutine 'f'
#   hint: write `pass` for an empty body, and `:` for whole axes
