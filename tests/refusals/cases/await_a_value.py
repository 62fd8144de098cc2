# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    await n

# refused:
# await_a_value.py:5:5: error: `n` cannot be awaited: only calls and tasks can
#     5 |     await n
#       |     ^^^^^^^
#   in coroutine 'f'
#   hint: write `await f(...)`, or for an object a method: `await lock.acquire()`
