# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    sleep(1)
    return n

# refused:
# sleep_not_awaited.py:5:5: error: sleep() was not awaited
#     5 |     sleep(1)
#       |     ^^^^^^^^
#   in coroutine 'f'
#   hint: write `await sleep(1)`
