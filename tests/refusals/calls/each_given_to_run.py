from coro2cuda import each, gpu_async, run


@gpu_async
async def f(n: int) -> int:
    return n


def call():
    run(f(each([1, 2])), backend="cpu")

# refused:
# TypeError: argument 'n': each(...) is for map; pass the value itself to run
