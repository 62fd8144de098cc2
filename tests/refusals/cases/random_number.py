# ruff: noqa
import random

from coro2cuda import *
@gpu_async
async def f(n: int) -> float:
    return random.random() + n

# refused:
# random_number.py:7:12: error: 'random.random' is not available in a coroutine
#     7 |     return random.random() + n
#       |            ^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: keep a seed in a variable, and compute the next from it
