# ruff: noqa
from coro2cuda import gpu_async, run

@gpu_async
async def f(n: int) -> int:
    return n

def call():
    run(f(3), backend="cpu", max_tasks=0)

# refused:
# ValueError: max_tasks=0: expected a positive int
