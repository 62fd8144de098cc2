from coro2cuda import gpu_async, i8, run


@gpu_async
async def f(n: i8) -> i8:
    return n


def call():
    run(f(300), backend="cpu")

# refused:
# OverflowError: argument 'n': 300 does not fit i8; annotate a wider type
