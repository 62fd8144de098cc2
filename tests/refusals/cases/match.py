# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    match n:
        case 1:
            pass

# refused:
# match.py:5:5: error: `match` is not available in a coroutine
#     5 |     match n:
#       |     ^^^^^^^^
#   in coroutine 'f'
#   hint: use `if` and `elif`
