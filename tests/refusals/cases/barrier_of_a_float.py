# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    barrier = Barrier(2.5)
    return barrier.parties

# refused:
# barrier_of_a_float.py:6:23: error: 'parties' of Barrier() is int and here gets float
#     6 |     barrier = Barrier(2.5)
#       |                       ^^^
#   in coroutine 'f'
#   hint: convert it: `int(...)`
