# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    return nonesuch(n)

# refused:
# undefined_function.py:5:12: error: 'nonesuch' is not defined
#     5 |     return nonesuch(n)
#       |            ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: define or import it at module level
