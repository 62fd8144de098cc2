# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    barrier = Barrier()
    return n

# refused:
# barrier_without_parties.py:5:15: error: Barrier() needs parties
#     5 |     barrier = Barrier()
#       |               ^^^^^^^^^
#   in coroutine 'f'
#   hint: write `Barrier(parties)`
