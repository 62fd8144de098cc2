# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    condition = Condition()
    async with condition:
        condition.wait_for(lambda: n > 2)
    return n

# refused:
# condition_wait_for_not_awaited.py:8:9: error: `condition.wait_for` is a statement, awaited, that takes a test without parameters
#     8 |         condition.wait_for(lambda: n > 2)
#       |         ^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `await condition.wait_for(lambda: ...)` on a line of its own
