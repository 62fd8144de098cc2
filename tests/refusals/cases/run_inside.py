# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def f(n: int) -> int:
    return run(g(n))

# refused:
# run_inside.py:9:12: error: 'run' is for the host, not for a task
#     9 |     return run(g(n))
#       |            ^^^^^^^^^
#   in coroutine 'f'
#   hint: await the coroutine: `await f(...)`
