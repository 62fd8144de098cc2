# ruff: noqa
from coro2cuda import Lock, gpu_async, run

@gpu_async
async def f(n: int) -> int:
    return n

def call():
    run(f(Lock()), backend="cpu")

# refused:
# TypeError: argument 'n': expected int, got Lock
