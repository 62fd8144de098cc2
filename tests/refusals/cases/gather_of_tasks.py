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
    x, y = await gather(a, b)
    return x + y

# refused:
# gather_of_tasks.py:11:25: error: gather() takes calls of coroutines, not `a`
#    11 |     x, y = await gather(a, b)
#       |                         ^
#   in coroutine 'f'
#   hint: await it by itself: `await a`; a list of tasks is gathered as `gather(*tasks)`
