# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(name: str):
    pass

# refused:
# parameter_annotation.py:4:19: error: the annotation of 'name' in 'f', str, is not a type that can be compiled
#     4 | async def f(name: str):
#       |                   ^^^
#   in coroutine 'f'
#   hint: use int, float, bool, i8 to i64, u8 to u64, f32, f64, an array such as f32[:], or a tuple of these
