# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    await sleep()
    return n

# refused:
# sleep_of_nothing.py:5:11: error: sleep() takes the seconds in a coroutine, and nothing else
#     5 |     await sleep()
#       |           ^^^^^^^
#   in coroutine 'f'
#   hint: write `await sleep(seconds)`
