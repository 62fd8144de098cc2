import numpy

from coro2cuda import f32, gpu_async, run


@gpu_async
async def f(a: f32[:]) -> f32:
    return a[0]


def call():
    run(f(numpy.zeros(3)), backend="cpu")

# refused:
# TypeError: argument 'a': expected f32[:], got f64[:]; array.astype('float32') makes a copy of that type
