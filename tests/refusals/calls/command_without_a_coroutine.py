from coro2cuda import cli, gpu_async


@gpu_async
async def f(n: int) -> int:
    return n


def call():
    cli.main(["show", f"{__file__}:g"])

# refused:
# coro2cuda: command_without_a_coroutine.py has no @gpu_async coroutine 'g'; it has f
