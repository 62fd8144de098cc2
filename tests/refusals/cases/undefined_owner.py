# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: int) -> float:
    return nosuch.thing(n)

# refused:
# undefined_owner.py:5:12: error: 'nosuch' is not defined
#     5 |     return nosuch.thing(n)
#       |            ^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: define or import it at module level
