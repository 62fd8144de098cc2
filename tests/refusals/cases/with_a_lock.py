# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    lock = Lock()
    with lock:
        return n

# refused:
# with_a_lock.py:6:5: error: `with` is not available in a coroutine
#     6 |     with lock:
#       |     ^^^^^^^^^^
#   in coroutine 'f'
#   hint: open files on the host and pass arrays; locks, timeouts and task groups take `async with`
