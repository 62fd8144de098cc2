# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    try:
        n = 1
    except ValueError as e:
        print(e)

# refused:
# exception_as_a_value.py:8:15: error: 'e' is an exception, which is not a value in a coroutine
#     8 |         print(e)
#       |               ^
#   in coroutine 'f'
#   hint: it can be raised again, `raise e`, and be a cause, `raise ... from e`; its message is built on the host
