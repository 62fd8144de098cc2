from coro2cuda import gpu_async, run


@gpu_async
async def f(n: int) -> int:
    return n


def call():
    once = f(3)
    run(once, backend="cpu")
    run(once, backend="cpu")

# refused:
# RuntimeError: cannot reuse already awaited coroutine 'f'; call it again
