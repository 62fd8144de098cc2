# ruff: noqa
from coro2cuda import cli, gpu_async

@gpu_async
async def f(n: int) -> int:
    return n

def call():
    cli.main(["run", "--fast", f"{__file__}:f", "3"])

# refused:
# coro2cuda: error: unrecognized arguments: --fast
