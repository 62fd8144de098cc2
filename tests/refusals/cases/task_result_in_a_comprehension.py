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
    return sum(await gather(*[g(t.result()) for i in range(n)]))

# refused:
# task_result_in_a_comprehension.py:11:31: error: the arguments in a comprehension of gather() have no effects
#    11 |     return sum(await gather(*[g(t.result()) for i in range(n)]))
#       |                               ^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: do it in the coroutine that it calls
