from coro2cuda import gpu_async, run


@gpu_async
async def f(n: int, m: int) -> int:
    return n + m


def call():
    run(f(3), backend="cpu")

# refused:
# TypeError: f() missing a required argument: 'm'
