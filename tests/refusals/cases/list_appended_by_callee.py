# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def fills(tasks, n: int) -> None:
    await reschedule()
    tasks.append(create_task(g(n)))
@gpu_async
async def f(n: int) -> int:
    tasks = [create_task(g(i)) for i in range(n)]
    await fills(tasks, n)
    return n

# refused:
# list_appended_by_callee.py:11:5: error: 'tasks' was made elsewhere, and tasks may read it
#    11 |     tasks.append(create_task(g(n)))
#       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'fills'
#   hint: append where the list is made
