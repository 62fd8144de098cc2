# ruff: noqa
from coro2cuda import Lock, gpu_async, run

@gpu_async
async def f(lock: Lock) -> int:
    await lock.acquire()
    return 1

def call():
    run(f(3), backend="cpu")

# refused:
# TypeError: argument 'lock': expected Lock, got int (3)
