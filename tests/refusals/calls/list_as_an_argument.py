from coro2cuda import gpu_async, run


@gpu_async
async def f(a):
    return a[0]


def call():
    run(f([1, 2, 3]), backend="cpu")

# refused:
# TypeError: argument 'a': list cannot be passed to a coroutine; pass a tuple, or a NumPy array: numpy.array(...)
