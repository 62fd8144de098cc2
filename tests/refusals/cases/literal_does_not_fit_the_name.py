# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    x: u8 = 300

# refused:
# literal_does_not_fit_the_name.py:5:13: error: 300 does not fit 'x', u8 (from 0 to 255)
#     5 |     x: u8 = 300
#       |             ^^^
#   in coroutine 'f'
#   hint: write `u8(300)` to wrap
