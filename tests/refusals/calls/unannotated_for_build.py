from coro2cuda import cli, gpu_async


@gpu_async
async def f(n, m: int):
    return n + m


def call():
    cli.main(["build", f"{__file__}:f", "--target", "sm_90", "-o", "out"])

# refused:
# coro2cuda: unannotated_for_build.py:4: f needs a type for n: annotate, as in `n: i32`
