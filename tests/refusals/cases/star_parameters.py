# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(*values):
    pass

# refused:
# star_parameters.py:4:1: error: 'f' has `*` parameters
#     4 | async def f(*values):
#       | ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: name every parameter
