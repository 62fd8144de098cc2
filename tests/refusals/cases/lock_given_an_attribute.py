# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    lock = Lock()
    lock.owner = n
    return n

# refused:
# lock_given_an_attribute.py:7:5: error: a Lock has no 'owner' in a coroutine
#     7 |     lock.owner = n
#       |     ^^^^^^^^^^
#   in coroutine 'f'
#   hint: it has acquire, release, locked
