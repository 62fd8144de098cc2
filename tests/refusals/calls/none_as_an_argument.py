# ruff: noqa
from coro2cuda import gpu_async, run

@gpu_async
async def f(x):
    return 1

def call():
    run(f(None), backend="cpu")

# refused:
# TypeError: argument 'x': NoneType cannot be passed to a coroutine; pass a bool, int, float, a NumPy or CUDA array, or a tuple of these
