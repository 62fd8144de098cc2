# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: int) -> int:
    return n
@gpu_async
async def f(n: int, a: i64[:]) -> int:
    for pair in enumerate(a):
        pass
    return n

# refused:
# enumerate_in_one_name.py:9:9: error: enumerate() gives two values
#     9 |     for pair in enumerate(a):
#       |         ^^^^
#   in coroutine 'f'
#   hint: write `for i, x in enumerate(a):`
