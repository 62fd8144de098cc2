# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    a, b = create_task(g(n)), create_task(g(n + 1))
    x, y = await gather(a, n)
    return x + y

# refused:
# gather_of_a_task_and_a_value.py:11:28: error: gather() takes calls of coroutines and tasks, not `n`
#    11 |     x, y = await gather(a, n)
#       |                            ^
#   in coroutine 'f'
#   hint: write `gather(f(...), g(...))`
