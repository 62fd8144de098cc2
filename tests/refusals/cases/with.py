# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    with open('x') as handle:
        pass

# refused:
# with.py:5:5: error: `with` is not available in a coroutine
#     5 |     with open('x') as handle:
#       |     ^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: open files on the host and pass arrays; locks, timeouts and task groups take `async with`
