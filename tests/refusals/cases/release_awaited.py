# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    lock = Lock()
    await lock.release()
    return n

# refused:
# release_awaited.py:6:5: error: `lock.release()` does not wait, and cannot be awaited
#     6 |     await lock.release()
#       |     ^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `lock.release()` without `await`
