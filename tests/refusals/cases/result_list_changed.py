# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    found = await gather(*[g(i) for i in range(n)])
    found.append(1)
    return found[0]

# refused:
# result_list_changed.py:11:5: error: a list[int] has no 'append' in a coroutine
#    11 |     found.append(1)
#       |     ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: it can be indexed, iterated over and summed
