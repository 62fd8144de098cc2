# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    pair = (Lock(), n)
    return n

# refused:
# lock_in_a_tuple.py:5:13: error: a Lock cannot be an item of a tuple
#     5 |     pair = (Lock(), n)
#       |             ^^^^^^
#   in coroutine 'f'
#   hint: give each object a name of its own
