from coro2cuda import gpu_async, run


@gpu_async
async def f(n: int) -> int:
    return n


def call():
    run(f, backend="cpu")

# refused:
# TypeError: run takes a call: run(f(...)), not run(f)
