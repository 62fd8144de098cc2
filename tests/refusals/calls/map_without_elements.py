from coro2cuda import gpu_async


@gpu_async
async def f(n: int) -> int:
    return n


def call():
    f.map(3, backend="cpu")

# refused:
# TypeError: f.map: no argument says how many root tasks there are; pass a range, a 1-D array to a parameter annotated with a scalar type, or each(xs); to run one task, run(f(...))
