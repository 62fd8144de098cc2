# ruff: noqa
import time
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    time.sleep(0.1)
    return n

# refused:
# time_sleep.py:6:5: error: 'time.sleep' would hold up all tasks of a warp
#     6 |     time.sleep(0.1)
#       |     ^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `await sleep(...)`
