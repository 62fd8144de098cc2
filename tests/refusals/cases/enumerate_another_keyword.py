# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: int) -> int:
    return n
@gpu_async
async def f(n: int, a: i64[:]) -> int:
    for i, x in enumerate(a, first=1):
        pass
    return n

# refused:
# enumerate_another_keyword.py:9:17: error: enumerate() takes what to iterate over, and where to start
#     9 |     for i, x in enumerate(a, first=1):
#       |                 ^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `enumerate(a)` or `enumerate(a, 1)`
