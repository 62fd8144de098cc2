# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    return min(v)

# refused:
# min_of_an_array.py:5:12: error: min() takes two or more values, or a tuple
#     5 |     return min(v)
#       |            ^^^^^^
#   in coroutine 'f'
#   hint: write the loop over the array
