# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    lock = Lock()
    lock.unlock()
    return n

# refused:
# no_such_method_of_a_lock.py:6:5: error: a Lock has no 'unlock' in a coroutine
#     6 |     lock.unlock()
#       |     ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: it has acquire, release, locked
