# ruff: noqa
import numpy
from coro2cuda import *
TYPES = numpy.zeros(3)
@gpu_async
async def f(n: i32):
    x: TYPES["first"] = 1

# refused:
# annotation_that_fails.py:7:8: error: the annotation of 'x' in 'f', TYPES['first'], is not a type that can be compiled
#     7 |     x: TYPES["first"] = 1
#       |        ^^^^^^^^^^^^^^
#   in coroutine 'f'
#   hint: use int, float, bool, i8 to i64, u8 to u64, f32, f64, an array such as f32[:], or a tuple of these
