# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    async with timeout((1, 2)):
        await reschedule()

# refused:
# timeout_of_a_tuple.py:6:24: error: timeout() of a tuple[int, int]
#     6 |     async with timeout((1, 2)):
#       |                        ^^^^^^
#   in coroutine 'f'
#   hint: give it seconds, as a number
