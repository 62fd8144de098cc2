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
async def f(n: int) -> int:
    results = await gather(*[g(i) for i in range(n)])
    results.append(n)
    return n

# refused:
# list_of_results_appended.py:19:5: error: a list[int] has no 'append' in a coroutine
#    19 |     results.append(n)
#       |     ^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: it can be indexed, iterated over and summed
