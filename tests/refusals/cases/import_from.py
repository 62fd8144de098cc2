# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    from math import sin

# refused:
# import_from.py:5:5: error: `import` is not available in a coroutine
#     5 |     from math import sin
#       |     ^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: import at the top of the module
