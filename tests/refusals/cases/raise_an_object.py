# ruff: noqa
from coro2cuda import *
ERROR = ValueError('made before')
@gpu_async
async def f(n: i32):
    raise ERROR

# refused:
# raise_an_object.py:6:5: error: 'ERROR' is an exception object of the host
#     6 |     raise ERROR
#       |     ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: raise its class: `raise ValueError(...)`
