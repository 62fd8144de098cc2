# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(v: f32[:]):
    v[0]: f32 = 1

# refused:
# annotated_element.py:5:5: error: only names can be annotated
#     5 |     v[0]: f32 = 1
#       |     ^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: an array's elements have its type: leave it out
