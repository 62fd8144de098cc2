# ruff: noqa
from coro2cuda import *
class Point:
    pass



@gpu_async
async def f(n: i32):
    p = Point(n)

# refused:
# class_called.py:10:9: error: 'Point' makes an object, which is not available in a coroutine
#    10 |     p = Point(n)
#       |         ^^^^^^^^
#   in coroutine 'f'
#   hint: use scalars, tuples and arrays
