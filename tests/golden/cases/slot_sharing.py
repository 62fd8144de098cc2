"""Variables that are never live together share a slot: `early` and `late`, but not `whole`."""

from coro2cuda import f64, gpu_async, reschedule


@gpu_async
async def f(x: f64) -> f64:
    early = x * 2.0
    whole = x + 1.0
    await reschedule()
    late = early * early
    await reschedule()
    return late + whole


MODES = ("each",)
