# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: int) -> int:
    return n
@gpu_async
async def f(n: int, a: i64[:]) -> int:
    x = enumerate(a)
    return n

# refused:
# enumerate_as_a_value.py:9:9: error: 'enumerate' is available in a loop alone
#     9 |     x = enumerate(a)
#       |         ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `for i, x in enumerate(a):`
