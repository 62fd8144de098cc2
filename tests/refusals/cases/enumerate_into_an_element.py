# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(n: int) -> int:
    return n
@gpu_async
async def f(n: int, a: i64[:]) -> int:
    i = 0
    for i, a[i] in enumerate(a):
        pass
    return n

# refused:
# enumerate_into_an_element.py:10:9: error: the targets of enumerate() are different names
#    10 |     for i, a[i] in enumerate(a):
#       |         ^^^^^^^
#   in coroutine 'f'
#   hint: assign what you need in the body
