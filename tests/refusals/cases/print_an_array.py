# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    print(v)

# refused:
# print_an_array.py:5:11: error: an array cannot be printed in a coroutine
#     5 |     print(v)
#       |           ^
#   in coroutine 'f'
#   hint: print elements, or print it on the host
