# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    return sorted(v)

# refused:
# builtin_function.py:5:12: error: 'sorted' cannot be called in a coroutine
#     5 |     return sorted(v)
#       |            ^^^^^^^^^
#   in coroutine 'f'
#   hint: call coroutines, plain Python functions and math.*
