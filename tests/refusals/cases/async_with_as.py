# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    lock = Lock()
    async with lock as held:
        return n

# refused:
# async_with_as.py:6:16: error: `async with lock as ...`: it has no value
#     6 |     async with lock as held:
#       |                ^^^^
#   in coroutine 'f'
#   hint: write `async with lock:`
