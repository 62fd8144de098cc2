# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    task = create_task(g(n))
    return n if task else 0

# refused:
# truth_of_a_task.py:10:17: error: a Task[int] is neither true nor false
#    10 |     return n if task else 0
#       |                 ^^^^
#   in coroutine 'f'
#   hint: ask it: `task.done()`
