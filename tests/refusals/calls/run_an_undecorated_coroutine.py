from coro2cuda import run


async def f(n: int) -> int:
    return n


def call():
    run(f(3), backend="cpu")

# refused:
# TypeError: run takes a call of a function decorated with @gpu_async; f is not (use asyncio.run)
