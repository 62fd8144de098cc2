# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    raise n

# refused:
# raise_a_value.py:5:5: error: `n` is not an exception class
#     5 |     raise n
#       |     ^^^^^^^
#   in coroutine 'f'
#   hint: raise a class that is built in or defined outside: `raise ValueError(...)`
