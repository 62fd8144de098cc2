# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    queue = Queue[i32](2)
    await queue.put(0.5)
    return n

# refused:
# queue_item_of_another_type.py:6:21: error: an item of 'queue' is i32 and here gets float
#     6 |     await queue.put(0.5)
#       |                     ^^^
#   in coroutine 'f'
#   hint: convert it: `i32(...)`
