# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    n /= 2

# refused:
# true_division_in_place.py:5:5: error: 'n' is i32 and `/=` makes it float
#     5 |     n /= 2
#       |     ^^^^^^
#   in coroutine 'f'
#   hint: convert the value: `i32(...)`
