# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    condition = Condition()
    async with condition:
        await condition.wait_for(n)
    return n

# refused:
# condition_wait_for_a_value.py:8:34: error: 'n' is a value, not a function
#     8 |         await condition.wait_for(n)
#       |                                  ^
#   in coroutine 'f'
#   hint: index with `n[...]`, or call a function
