# ruff: noqa
from coro2cuda import cli, gpu_async

@gpu_async
async def f(n: int) -> int:
    return n

def call():
    cli.main(["build", f"{__file__}:f", "--target", "sm_90"])

# refused:
# coro2cuda build: error: the following arguments are required: -o/--output
