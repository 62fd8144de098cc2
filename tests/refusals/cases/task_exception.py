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
    t.exception()
    return 1

# refused:
# task_exception.py:11:5: error: a Task[i32] has no 'exception' in a coroutine
#    11 |     t.exception()
#       |     ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: it has done, result, cancel, cancelled
