# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:], n: int):
    print((n, v))

# refused:
# print_a_tuple_with_an_array.py:5:11: error: an array cannot be printed in a coroutine
#     5 |     print((n, v))
#       |           ^^^^^^
#   in coroutine 'f'
#   hint: print elements, or print it on the host
