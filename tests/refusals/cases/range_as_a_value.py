# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    r = range(n)

# refused:
# range_as_a_value.py:5:9: error: range() stands only in `for ... in range(...)`
#     5 |     r = range(n)
#       |         ^^^^^^^^
#   in coroutine 'f'
#   hint: write the loop there
