"""Places that can raise, in a helper too, and the parts of what is printed."""

from coro2cuda import gpu_async, i32, reschedule


def share(total: i32, parts: i32) -> i32:
    return total // parts


@gpu_async
async def f(total: i32, parts: i32) -> i32:
    assert total >= 0
    await reschedule()
    each = share(total, parts)
    print("each", each, sep=": ")
    return each


MODES = ("range", "uniform")
