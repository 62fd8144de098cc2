# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    raise SystemExit(1)

# refused:
# raise_an_exit.py:5:5: error: SystemExit is for the host's interpreter, not for tasks
#     5 |     raise SystemExit(1)
#       |     ^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: raise a subclass of Exception
