# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    print(Lock())
    return n

# refused:
# print_a_lock.py:5:11: error: a Lock cannot be printed
#     5 |     print(Lock())
#       |           ^^^^^^
#   in coroutine 'f'
#   hint: print what its methods tell
