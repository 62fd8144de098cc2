# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    await sleep((1, 2))
    return n

# refused:
# sleep_of_a_tuple.py:5:17: error: sleep() of a tuple[int, int]
#     5 |     await sleep((1, 2))
#       |                 ^^^^^^
#   in coroutine 'f'
#   hint: give it seconds, as a number
