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
    found: list[str] = await gather(*[g(i) for i in range(n)])
    return found[0]

# refused:
# list_declared_of_text.py:14:12: error: the annotation of 'found' in 'f', list[str], is not a type that can be compiled
#    14 |     found: list[str] = await gather(*[g(i) for i in range(n)])
#       |            ^^^^^^^^^
#   in coroutine 'f'
#   hint: use int, float, bool, i8 to i64, u8 to u64, f32, f64, an array such as f32[:], or a tuple of these
