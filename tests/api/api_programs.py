"""The coroutines that the tests of the host API run."""

from __future__ import annotations

import math

import numpy as np

from coro2cuda import atomic_add, f32, f64, gather, gpu_async, i32, i64, reschedule, u8

TABLE = np.arange(10, dtype="i8")
FACTOR = 3


@gpu_async
async def collatz(n: int) -> i32:
    steps: i32 = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
        await reschedule()
    return steps


@gpu_async
async def fib(n: i32) -> i32:
    if n < 2:
        return n
    return await fib(n - 1) + await fib(n - 2)


@gpu_async
async def depth(n: i32) -> i32:
    return 0 if n == 0 else await depth(n - 1) + 1


@gpu_async
async def divide(a: int, b: int = 2) -> int:
    await reschedule()
    return a // b


@gpu_async
async def half(x: f32) -> f32:
    return x / 2


@gpu_async
async def scaled(x: int, *, by: int = 3, plus: int = 1) -> int:
    return x * by + plus


@gpu_async
async def several(n: i32, x: f64) -> tuple[i32, tuple[f64, bool]]:
    await reschedule()
    return n + 1, (x * 2, n > 3)


@gpu_async
async def nothing(n: i32) -> None:
    await reschedule()


@gpu_async
async def double(x):  # type: ignore[no-untyped-def]
    return x + x


@gpu_async
async def total(a):  # type: ignore[no-untyped-def]
    found = 0.0
    for i in range(len(a)):
        found += a[i]
        await reschedule()
    return found


@gpu_async
async def scatter(i: i32, a: i64[:], amount: int) -> None:
    await reschedule()
    a[i] = a[i] + amount


@gpu_async
async def shift(n: i32, source: i64[:], target: i64[:]) -> None:
    target[n] = source[n] + 1


@gpu_async
async def count(n: i32, tally: i64[:]) -> None:
    await reschedule()
    atomic_add(tally, n % len(tally), 1)


@gpu_async
async def captured(n: i32) -> i64:
    return TABLE[n] * FACTOR


@gpu_async
async def forever(n: int) -> int:
    while n >= 0:
        n += 1
        if n > 1_000_000:
            n = 0
    return n


@gpu_async
async def forever_suspending(n: int) -> int:
    while n >= 0:
        n = (n + 1) % 1000
        await reschedule()
    return n


@gpu_async
async def forever_forking(n: int) -> int:
    """Begins tasks and ends them, again and again."""
    while n >= 0:
        a, b = await gather(forever_forking(-1 - n % 2), forever_suspending(-1))
        n = (n + a + b) % 1000 + 2
    await reschedule()
    return n


@gpu_async
async def saturate(n: u8) -> f64:
    return math.sqrt(float(n))


@gpu_async
async def tell(x: f32, pair: tuple[i32, f32]) -> None:
    print(x, pair, (x,), f"{x} of {pair}")


@gpu_async
async def say(n: i32, x: f32) -> None:
    print("n is", n, "and x", x)


@gpu_async
async def check(n: int) -> int:
    assert n > 0, "n must be positive"
    return n


@gpu_async
async def refused(n: int) -> int:
    with n:
        return n
