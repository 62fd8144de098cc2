# ruff: noqa
from coro2cuda import cli, gpu_async

@gpu_async
async def f(n: int) -> int:
    return n

def call():
    cli.main(["compile", f"{__file__}:f"])

# refused:
# coro2cuda: error: argument COMMAND: invalid choice: 'compile' (choose from 'run', 'build', 'show', 'doctor')
