# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    condition = Condition()
    async with condition:
        await asyncio.wait_for(condition.wait_for(lambda: n > 2), 1)
    return n

# refused:
# condition_wait_for_in_time.py:8:32: error: `condition.wait_for` is a statement, awaited, that takes a test without parameters
#     8 |         await asyncio.wait_for(condition.wait_for(lambda: n > 2), 1)
#       |                                ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `await condition.wait_for(lambda: ...)` on a line of its own
