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
    return 1 if found == found else 0

# refused:
# result_list_compared.py:11:17: error: a list[int] cannot be compared
#    11 |     return 1 if found == found else 0
#       |                 ^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: compare items or elements
