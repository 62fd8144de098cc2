# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    print(f'{n:04d}')

# refused:
# format_specification.py:5:11: error: format specifications are not available in a coroutine
#     5 |     print(f'{n:04d}')
#       |           ^^^^^^^^^^
#   in coroutine 'f'
#   hint: write the value alone: `{n}`
