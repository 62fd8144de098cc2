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
async def f(n: int) -> int:
    found: list[int] = []
    found.append(await g(n))
    return found[0]

# refused:
# list_declared_of_numbers.py:14:24: error: 'found' is declared list[int], and a list that grows holds tasks
#    14 |     found: list[int] = []
#       |                        ^^
#   in coroutine 'f'
#   hint: write numbers into an array that the caller makes
