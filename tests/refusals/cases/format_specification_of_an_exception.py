# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(x: float) -> float:
    raise ValueError(f"{x + 1:.3f} is too much")

# refused:
# format_specification_of_an_exception.py:5:22: error: format specifications are not available in a coroutine
#     5 |     raise ValueError(f"{x + 1:.3f} is too much")
#       |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: write the value alone: `{x + 1}`
