# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def h(x: int) -> float:
    await reschedule()
    return x * 0.5
@gpu_async
async def reads(tasks) -> int:
    await reschedule()
    return len(tasks)
@gpu_async
async def f(n: int):
    tasks = []
    tasks.append(create_task(f(n - 1)))
    return sum(await gather(*tasks))

# refused:
# list_appended_of_own_result.py:17:1: error: the result type of 'f' depends on itself
#    17 | async def f(n: int):
#       | ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: annotate it: `async def ...(...) -> int:`
