# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    async with n:
        pass

# refused:
# async_with.py:5:16: error: `async with` cannot hold an i32
#     5 |     async with n:
#       |                ^
#   in coroutine 'f'
#   hint: it holds a Lock, Semaphore, Condition, Barrier, TaskGroup or timeout
