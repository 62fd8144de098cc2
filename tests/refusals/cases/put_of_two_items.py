# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    queue = Queue[int]()
    queue.put_nowait(1, 2)
    return n

# refused:
# put_of_two_items.py:6:5: error: queue.put_nowait() takes the item
#     6 |     queue.put_nowait(1, 2)
#       |     ^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write `queue.put_nowait(item)`
