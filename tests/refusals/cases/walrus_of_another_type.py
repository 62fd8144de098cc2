# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    if (n := 0.5) > 0:
        return 1
    return n

# refused:
# walrus_of_another_type.py:6:14: error: 'n' is int and here gets float
#     6 |     if (n := 0.5) > 0:
#       |              ^^^
#   in coroutine 'f'
#   hint: convert it: `int(...)`
