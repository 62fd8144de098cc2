# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    event, other = Event(), Event()
    await gather(event.wait(), other.wait())
    return n

# refused:
# gather_of_a_method.py:6:18: error: `event.wait()` is not a call of a coroutine of yours
#     6 |     await gather(event.wait(), other.wait())
#       |                  ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: call one that does `await event.wait(...)`
