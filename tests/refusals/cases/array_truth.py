# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    if v:
        pass

# refused:
# array_truth.py:5:8: error: the truth of an array (f32[:]) is not defined
#     5 |     if v:
#       |        ^
#   in coroutine 'f'
#   hint: compare its length or an element
