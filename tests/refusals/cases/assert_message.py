# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    assert n > 0, f'{n} is too small'

# refused:
# assert_message.py:5:19: error: the message of an `assert` must be a literal string
#     5 |     assert n > 0, f'{n} is too small'
#       |                   ^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: print values before it
