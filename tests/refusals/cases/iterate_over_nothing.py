# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    for x in ():
        pass

# refused:
# iterate_over_nothing.py:5:14: error: this tuple is empty
#     5 |     for x in ():
#       |              ^^
#   in coroutine 'f'
#   hint: a loop variable has one type: unpack the tuple instead
