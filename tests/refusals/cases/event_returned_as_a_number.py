# ruff: noqa
import asyncio
from coro2cuda import *
@gpu_async
async def f(n: int) -> int:
    event = Event()
    return event

# refused:
# event_returned_as_a_number.py:7:12: error: the result of 'f' is int and here gets Event
#     7 |     return event
#       |            ^^^^^
#   in coroutine 'f'
#   hint: give it an int
