# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    queue = Queue[Lock](2)
    return n

# refused:
# queue_of_locks.py:5:13: error: a queue cannot hold Lock: no synchronisation object goes through a queue
#     5 |     queue = Queue[Lock](2)
#       |             ^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: pass the object to the tasks that use it
