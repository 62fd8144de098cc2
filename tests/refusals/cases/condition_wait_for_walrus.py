# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    condition = Condition()
    async with condition:
        await condition.wait_for(lambda: (m := n) > 2)
    return n

# refused:
# condition_wait_for_walrus.py:8:43: error: a name in a lambda is the lambda's own
#     8 |         await condition.wait_for(lambda: (m := n) > 2)
#       |                                           ^^^^^^
#   in coroutine 'f'
#   hint: test without `:=`
