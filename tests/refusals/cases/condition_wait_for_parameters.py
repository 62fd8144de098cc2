# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    condition = Condition()
    async with condition:
        await condition.wait_for(lambda k: k > 2)
    return n

# refused:
# condition_wait_for_parameters.py:8:34: error: a lambda cannot be compiled
#     8 |         await condition.wait_for(lambda k: k > 2)
#       |                                  ^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write a `def` at module level and call it
