from coro2cuda import gpu_async, run


@gpu_async
async def f(n: int) -> int:
    return n


def call():
    run(f(3), backend="gpu")

# refused:
# ValueError: backend='gpu': no such backend; choose one of 'cuda', 'cpu', 'asyncio'
