# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    raise ValueError from KeyError()

# refused:
# raise_from_a_new_one.py:5:27: error: `from KeyError()`: the cause is not an exception that is being handled
#     5 |     raise ValueError from KeyError()
#       |                           ^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `from e` in the handler of `except ... as e`, or `from None`
