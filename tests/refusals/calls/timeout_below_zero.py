from coro2cuda import gpu_async, run


@gpu_async
async def f(n: int) -> int:
    return n


def call():
    run(f(3), backend="cpu", timeout=-1)

# refused:
# ValueError: timeout=-1: expected seconds, more than 0
