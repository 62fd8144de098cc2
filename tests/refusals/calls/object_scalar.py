# ruff: noqa
import fractions

from coro2cuda import gpu_async, run

@gpu_async
async def f(x):
    return x

def call():
    run(f(fractions.Fraction(1, 3)), backend="cpu")

# refused:
# TypeError: argument 'x': fractions.Fraction cannot be passed to a coroutine; pass a bool, int, float, a NumPy or CUDA array, or a tuple of these
