# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def made() -> Condition:
    return Condition()
@gpu_async
async def f(n: int) -> int:
    await (await made()).wait_for(lambda: n > 2)
    return n

# refused:
# condition_wait_for_of_a_call.py:9:12: error: the loop of wait_for would make this condition anew each time
#     9 |     await (await made()).wait_for(lambda: n > 2)
#       |            ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: keep it in a name first
