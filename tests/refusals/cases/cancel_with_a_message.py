# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: i32) -> i32:
    return n
@gpu_async
async def f(n: i32):
    t = create_task(g(n))
    t.cancel("enough")

# refused:
# cancel_with_a_message.py:10:5: error: t.cancel() takes no arguments
#    10 |     t.cancel("enough")
#       |     ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `t.cancel()`
