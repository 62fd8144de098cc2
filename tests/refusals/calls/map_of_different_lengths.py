import numpy

from coro2cuda import gpu_async


@gpu_async
async def f(n: int, x: float) -> float:
    return n * x


def call():
    f.map(range(3), numpy.zeros(4), backend="cpu")

# refused:
# ValueError: f.map: arguments given by element have different lengths (n: 3, x: 4)
