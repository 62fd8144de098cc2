# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: int) -> int:
    return n
@gpu_async
async def f(n: int, a: i64[:]) -> int:
    return sum(await gather(*[g(i * x) for i, x in enumerate(a)]))

# refused:
# enumerate_in_a_comprehension.py:9:44: error: the target of a comprehension in gather() is one name
#     9 |     return sum(await gather(*[g(i * x) for i, x in enumerate(a)]))
#       |                                            ^^^^
#   in coroutine 'f'
#   hint: take items apart in the coroutine that it calls
