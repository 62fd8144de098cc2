# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return await f(n - 1)

# refused:
# result_depends_on_itself.py:4:1: error: the result type of 'f' depends on itself
#     4 | async def f(n: i32):
#       | ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: annotate it: `async def ...(...) -> int:`
