# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    lock = Lock()
    lock.acquire()
    return n

# refused:
# acquire_not_awaited.py:6:5: error: `lock.acquire()` was not awaited
#     6 |     lock.acquire()
#       |     ^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `await lock.acquire()`
