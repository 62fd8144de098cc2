import numpy

from coro2cuda import gpu_async, run


@gpu_async
async def f(a):
    return a.size


def call():
    run(f(numpy.zeros((2, 2, 2, 2))), backend="cpu")

# refused:
# TypeError: argument 'a': arrays have 1 to 3 dimensions, this one has 4; reshape it
