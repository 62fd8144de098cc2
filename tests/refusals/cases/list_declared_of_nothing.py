# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def g(x: int) -> int:
    await reschedule()
    return x
@gpu_async
async def h(x: int) -> float:
    await reschedule()
    return x * 0.5
@gpu_async
async def f(n: int) -> int:
    tasks: list = []
    tasks.append(create_task(g(n)))
    return await tasks[0]

# refused:
# list_declared_of_nothing.py:14:12: error: 'tasks' is declared a list, and it is not said of what
#    14 |     tasks: list = []
#       |            ^^^^
#   in coroutine 'f'
#   hint: write `list[asyncio.Task[int]]`, say, or `list[int]`
