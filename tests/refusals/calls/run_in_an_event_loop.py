import asyncio

from coro2cuda import gpu_async, run


@gpu_async
async def f(n: int) -> int:
    return n


async def main():
    run(f(3))


def call():
    asyncio.run(main())

# refused:
# RuntimeError: run() cannot be called from a running event loop; write `await f(x)` there
