from coro2cuda import gpu_async, run


@gpu_async
async def f(n: int) -> int:
    return n


def call():
    run(f("3"), backend="cpu")

# refused:
# TypeError: argument 'n': str cannot be passed to a coroutine; pass a bool, int, float, a NumPy or CUDA array, or a tuple of these
