# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    lock = Lock()
    lock[0] = n
    return n

# refused:
# lock_into_an_array.py:7:5: error: a Lock cannot be indexed
#     7 |     lock[0] = n
#       |     ^^^^^^^
#   in coroutine 'f'
#   hint: only arrays and tuples can
