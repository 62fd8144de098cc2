# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    print(n, file=None)

# refused:
# print_to_a_file.py:5:5: error: print() takes only literal `sep=` and `end=` here
#     5 |     print(n, file=None)
#       |     ^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: print plain values
