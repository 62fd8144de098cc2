# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(m: f32[:, :]):
    return sum(m)

# refused:
# sum_of_a_matrix.py:5:12: error: sum() of an f32[:, :]
#     5 |     return sum(m)
#       |            ^^^^^^
#   in coroutine 'f'
#   hint: sum a 1-D array or a tuple of numbers
