# ruff: noqa
import numpy as np

from coro2cuda import *
table = np.zeros(3)


@gpu_async
async def f(n: i32):
    return table(1)

# refused:
# call_an_array.py:10:12: error: 'table' is an array, not a function
#    10 |     return table(1)
#       |            ^^^^^^^^
#   in coroutine 'f'
#   hint: index it: `table[...]`
