# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    reschedule()

# refused:
# reschedule_never_awaited.py:5:5: error: reschedule() was not awaited
#     5 |     reschedule()
#       |     ^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `await reschedule()`
