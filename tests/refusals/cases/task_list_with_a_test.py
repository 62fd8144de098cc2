# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    tasks = [create_task(g(i)) for i in range(n) if i > 2]
    return sum(await gather(*tasks))

# refused:
# task_list_with_a_test.py:10:53: error: a comprehension of tasks has no `if`
#    10 |     tasks = [create_task(g(i)) for i in range(n) if i > 2]
#       |                                                     ^^^^^
#   in coroutine 'f'
#   hint: test the condition in the coroutine that is begun
