# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    tasks = [create_task(g(n)), create_task(g(n + 1))]
    return sum(await gather(*tasks))

# refused:
# task_list_displayed.py:10:13: error: a list is not available in a coroutine
#    10 |     tasks = [create_task(g(n)), create_task(g(n + 1))]
#       |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: use a NumPy array passed as an argument, or a tuple of fixed length; tasks make a list in `[create_task(f(i)) for i in range(n)]`, or are appended to `[]`
