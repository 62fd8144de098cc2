# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: i32) -> i32:
    return n
def helper(t) -> i32:
    return t.result() + i32(1)
@gpu_async
async def f(n: i32) -> i32:
    t = create_task(g(n))
    await t
    return helper(t)

# refused:
# task_result_in_a_helper.py:8:12: error: `t.result()` outside a coroutine
#     8 |     return t.result() + i32(1)
#       |            ^^^^^^^^^^
#   in function 'helper'
#   hint: read it in the coroutine, and pass the value
