# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    raise StopIteration

# refused:
# raise_stop_iteration.py:5:5: error: StopIteration cannot be raised in a coroutine
#     5 |     raise StopIteration
#       |     ^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: raise another exception
