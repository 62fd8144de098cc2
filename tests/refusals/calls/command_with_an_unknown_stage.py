# ruff: noqa
from coro2cuda import cli, gpu_async

@gpu_async
async def f(n: int) -> int:
    return n

def call():
    cli.main(["show", f"{__file__}:f", "--stage", "wasm"])

# refused:
# coro2cuda show: error: argument --stage: invalid choice: 'wasm' (choose from 'source', 'ast', 'ir', 'states', 'frame', 'llvm', 'ptx')
