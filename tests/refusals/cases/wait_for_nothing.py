# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    await wait_for()

# refused:
# wait_for_nothing.py:6:11: error: wait_for() of nothing
#     6 |     await wait_for()
#       |           ^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `await wait_for(f(...), seconds)`
