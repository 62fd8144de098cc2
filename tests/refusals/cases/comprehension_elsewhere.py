# ruff: noqa
import asyncio

from coro2cuda import *
@gpu_async
async def g(n: i32) -> i32:
    return n
@gpu_async
async def nothing(n: i32) -> None:
    await reschedule()
@gpu_async
async def writes(n: i32, a: i32[:]) -> None:
    a[n] = n
@gpu_async
async def f(n: i32):
    x = [g(i) for i in range(n)]

# refused:
# comprehension_elsewhere.py:16:9: error: a list comprehension makes a list of tasks, and nothing else
#    16 |     x = [g(i) for i in range(n)]
#       |         ^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: use a NumPy array passed as an argument, or a tuple of fixed length; tasks make a list in `[create_task(f(i)) for i in range(n)]`, or are appended to `[]`
