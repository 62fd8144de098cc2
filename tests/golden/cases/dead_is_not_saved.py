"""What no path reads again is not saved: neither `scratch`, nor `only_counts`, which just feeds itself."""

from coro2cuda import gpu_async, i32, reschedule


@gpu_async
async def f(n: i32) -> i32:
    only_counts: i32 = 0
    result: i32 = 0
    while n > 0:
        scratch = n * n
        result += scratch
        only_counts += 1
        n -= 1
        await reschedule()
    return result


MODES = ("range",)
