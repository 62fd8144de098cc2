# ruff: noqa
from coro2cuda import cli, gpu_async

@gpu_async
async def f(n: int) -> int:
    return n

def call():
    cli.main(["run", f"{__file__}:f"])

# refused:
# coro2cuda: f() missing a required argument: 'n'
