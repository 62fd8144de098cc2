# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    semaphore = Semaphore(1.5)
    return n

# refused:
# semaphore_of_a_float.py:5:27: error: 'value' of Semaphore() is int and here gets float
#     5 |     semaphore = Semaphore(1.5)
#       |                           ^^^
#   in coroutine 'f'
#   hint: convert it: `int(...)`
