"""Two variables share a slot, for they are alive together only while a coroutine that never suspends is awaited."""

from coro2cuda import gpu_async, reschedule


@gpu_async
async def at_once(x: int) -> int:
    return x


@gpu_async
async def main(n: int) -> int:
    a = n * 3
    await reschedule()
    b = a + 1
    c = a + await at_once(b)
    await reschedule()
    return b + c


ARGUMENTS = [(4,)]
