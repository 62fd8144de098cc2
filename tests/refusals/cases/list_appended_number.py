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
    numbers = []
    for i in range(n):
        numbers.append(i)
    return n

# refused:
# list_appended_number.py:20:24: error: a list holds tasks, and this is an int
#    20 |         numbers.append(i)
#       |                        ^
#   in coroutine 'f'
#   hint: write numbers into an array that the caller makes
