# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: i32):
    raise KeyboardInterrupt

# refused:
# raise_keyboard_interrupt.py:6:5: error: KeyboardInterrupt is for the host's interpreter, not for tasks
#     6 |     raise KeyboardInterrupt
#       |     ^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: raise a subclass of Exception
