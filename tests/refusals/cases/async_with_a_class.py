# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    async with Lock:
        return n

# refused:
# async_with_a_class.py:6:16: error: 'Lock' is a type, which is not a value in a coroutine
#     6 |     async with Lock:
#       |                ^^^^
#   in coroutine 'f'
#   hint: make one: `Lock()`
