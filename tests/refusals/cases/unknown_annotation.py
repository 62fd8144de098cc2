# ruff: noqa
from coro2cuda import *
@gpu_async
async def f(n: i32):
    x: Vector = 1

# refused:
# unknown_annotation.py:5:8: error: the annotation of 'x' in 'f', Vector, is not a type that can be compiled
#     5 |     x: Vector = 1
#       |        ^^^^^^
#   in coroutine 'f'
#   hint: use int, float, bool, i8 to i64, u8 to u64, f32, f64, an array such as f32[:], or a tuple of these
