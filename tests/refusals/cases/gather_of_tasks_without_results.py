# ruff: noqa
from coro2cuda import *
@gpu_async
async def g(x: int) -> None:
    await reschedule()
@gpu_async
async def f(n: int) -> int:
    a, b = create_task(g(n)), create_task(g(n + 1))
    x, y = await gather(a, b)
    return 1

# refused:
# gather_of_tasks_without_results.py:9:25: error: `a` returns nothing, and its None would be in a tuple
#     9 |     x, y = await gather(a, b)
#       |                         ^
#   in coroutine 'f'
#   hint: return a number from it, or use no result of this gather
