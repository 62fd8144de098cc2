# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: int) -> int:
    return n
@gpu_async
async def f(n: int, a: i64[:]) -> int:
    for i, x in enumerate(a, n):
        pass
    return n

# refused:
# enumerate_from_a_variable.py:9:30: error: enumerate() starts at a whole number that is written there
#     9 |     for i, x in enumerate(a, n):
#       |                              ^
#   in coroutine 'f'
#   hint: start at 0, and add it in the loop
