from coro2cuda import gpu_async, run


@gpu_async
async def f(n: int) -> int:
    return n


def call():
    run(f(3.5), backend="cpu")

# refused:
# TypeError: argument 'n': expected int, got float (3.5); round it yourself: int(...)
