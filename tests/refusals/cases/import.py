# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    import math

# refused:
# import.py:5:5: error: `import` is not available in a coroutine
#     5 |     import math
#       |     ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: import at the top of the module
