# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    task = create_task(gather(g(n), g(n + 1)))
    await task
    return n

# refused:
# create_task_of_a_gather.py:9:24: error: `gather(g(n), g(n + 1))` is not a call of a coroutine of yours
#     9 |     task = create_task(gather(g(n), g(n + 1)))
#       |                        ^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: call one that does `await gather(...)`
