from coro2cuda import cli, gpu_async


@gpu_async
async def f(n: int) -> int:
    return n


def call():
    cli.main(["show", f"{__file__}:f", "--stage", "ptx", "--target", "sm_70"])

# refused:
# error: unknown target 'sm_70'
#   hint: the targets are cpu, sm_80, sm_89, sm_90, sm_100, sm_120
