# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    return v.sum()

# refused:
# array_method.py:5:12: error: the method '.sum()' is not available
#     5 |     return v.sum()
#       |            ^^^^^^^
#   in coroutine 'f'
#   hint: values have no methods here; use functions
