from coro2cuda import cli, gpu_async


@gpu_async
async def f(n: int) -> int:
    return n


def call():
    cli.main(["run", f"{__file__}:f", "three"])

# refused:
# coro2cuda: argument 'three' is not a Python literal: write a number, True, or a tuple such as '(1, 2.0)'
