"""`p` is assigned before it is read, so it may share a slot with `n`: its argument must not be stored over n's."""

from coro2cuda import gather, gpu_async, reschedule


@gpu_async
async def child(n: int, p: int) -> int:
    p = n + 1
    while p < 5:
        p += 1
        await reschedule()
    return p


@gpu_async
async def main(n: int) -> int:
    a, b = await gather(child(n, 100), child(n + 1, 200))
    return a * 10 + b


ARGUMENTS = [(3,), (9,)]
