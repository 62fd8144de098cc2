import numpy

from coro2cuda import gpu_async, run


@gpu_async
async def f(a):
    return a[0]


def call():
    run(f(numpy.zeros(3, ">i4")), backend="cpu")

# refused:
# TypeError: argument 'a': the array has dtype '>i4', not in this machine's byte order; pass array.astype('int32')
