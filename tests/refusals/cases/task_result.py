# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: i32) -> i32:
    return n
@gpu_async
async def f(n: i32) -> i32:
    t = create_task(g(n))
    await t
    return t.result()

# refused:
# task_result.py:11:12: error: a Task[i32] has no 'result' in a coroutine
#    11 |     return t.result()
#       |            ^^^^^^^^
#   in coroutine 'f'
#   hint: it has done, cancel, cancelled
