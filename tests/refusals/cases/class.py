# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    class Point:
        pass

# refused:
# class.py:5:5: error: a class cannot be defined in a coroutine
#     5 |     class Point:
#       |     ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: define it on the host; pass scalars, tuples or arrays
