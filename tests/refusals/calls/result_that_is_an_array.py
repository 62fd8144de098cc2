import numpy

from coro2cuda import gpu_async, run


@gpu_async
async def f(a):
    return a[1:]


def call():
    run(f(numpy.zeros(3)), backend="cpu")

# refused:
# CompileError: result_that_is_an_array.py:7:1: error: the result of 'f' holds an array (f64[:])
#     7 | async def f(a):
#       | ^^^^^^^^^^^
#   in coroutine 'f'
#   hint: pass an array to the coroutine and write into it; only scalars and tuples of them come back
