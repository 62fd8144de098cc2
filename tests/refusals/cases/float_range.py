# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    for i in range(0.5):
        pass

# refused:
# float_range.py:5:20: error: a bound of a range is int, not float
#     5 |     for i in range(0.5):
#       |                    ^^^
#   in coroutine 'f'
#   hint: convert it: `int(...)`
