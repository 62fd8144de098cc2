# ruff: noqa
from coro2cuda import *
def h(x):
    return x



@gpu_async
async def f(n: i32):
    g = h

# refused:
# function_as_a_value.py:10:9: error: 'h' is a function, which is not a value in a coroutine
#    10 |     g = h
#       |         ^
#   in coroutine 'f'
#   hint: functions can be called, not kept in names or passed on
