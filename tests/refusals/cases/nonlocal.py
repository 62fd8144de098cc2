# ruff: noqa
from coro2cuda import *
def make():
    total = 0

    @gpu_async
    async def f(n: i32):
        nonlocal total
        total += n

    return f


f = make()

# refused:
# nonlocal.py:8:9: error: `nonlocal` is not available: tasks share no Python variables
#     8 |         nonlocal total
#       |         ^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: pass an array and write into it
