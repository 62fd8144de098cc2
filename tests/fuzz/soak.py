"""Run mixed programs with random parameters for some minutes: checked, none may hang, and memory stays flat.

    python tests/fuzz/soak.py --seconds 300 --backend cuda
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parent.parent))
import cancellation_programs as cancelled

from coro2cuda import Event, Lock, Queue, atomic_add, create_task, gather, gpu_async, i32, i64, reschedule, run

LIMIT = 60  # seconds a run


@gpu_async
async def fib(n: i32) -> i64:
    if n < 2:
        return i64(n)
    a, b = await gather(fib(n - 1), fib(n - 2))
    return a + b


@gpu_async
async def steps(n: i64) -> i32:
    count = 0
    while n != 1:
        await reschedule()
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        count += 1
    return i32(count)


@gpu_async
async def item(i: i64) -> i64:
    if i % 7 == 3:
        await reschedule()
    if i % 1000 == 999:
        raise ValueError(f"item {i}")
    return i


@gpu_async
async def guarded(i: i64) -> i64:
    try:
        return await item(i)
    except ValueError:
        return i64(-1)


@gpu_async
async def spread(n: i64) -> i64:
    return sum(await gather(*[guarded(i) for i in range(n)]))


@gpu_async
async def put_all(queue: Queue[i64], n: i64) -> None:
    for i in range(n):
        await queue.put(i)


@gpu_async
async def get_all(queue: Queue[i64], n: i64) -> i64:
    total: i64 = 0
    for _ in range(n):
        total += await queue.get()
    return total


@gpu_async
async def pipeline(size: i64, n: i64) -> i64:
    queue = Queue[i64](size)
    begun = create_task(put_all(queue, n))
    total = await get_all(queue, n)
    await begun
    return total


@gpu_async
async def adds(lock: Lock, cell: i64[:], n: i64) -> None:
    for _ in range(n):
        async with lock:
            cell[0] += 1


@gpu_async
async def waits(event: Event, begun: i64[:], n: i64) -> i64:
    if atomic_add(begun, 0, 1) == n - 1:
        event.set()
    await event.wait()
    return n


def check(found: Any, expected: Any, what: str) -> None:
    if not np.array_equal(found, expected):
        raise AssertionError(f"{what}: {found} instead of {expected}")


def fibonacci(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def collatz(n: int) -> int:
    count = 0
    while n != 1:
        n, count = (n // 2 if n % 2 == 0 else 3 * n + 1), count + 1
    return count


def one(rng: random.Random, how: dict[str, Any]) -> str:
    """One run, checked; its name."""
    kinds: dict[str, Callable[[], None]] = {
        "fib": lambda: _fib(rng, how),
        "steps": lambda: _steps(rng, how),
        "spread": lambda: _spread(rng, how),
        "pipeline": lambda: _pipeline(rng, how),
        "lock": lambda: _lock(rng, how),
        "broadcast": lambda: _broadcast(rng, how),
        "errors": lambda: _errors(rng, how),
        "timeouts": lambda: _timeouts(rng, how),
        "load": lambda: _load(rng, how),
    }
    name = rng.choice(list(kinds))
    kinds[name]()
    return name


def _fib(rng: random.Random, how: dict[str, Any]) -> None:
    ns = [rng.randrange(0, 24) for _ in range(rng.randrange(1, 200))]
    check(fib.map(np.array(ns, np.int32), **how), [fibonacci(n) for n in ns], "fib")


def _steps(rng: random.Random, how: dict[str, Any]) -> None:
    first, count = rng.randrange(1, 10**6), rng.randrange(1, 3000)
    check(steps.map(range(first, first + count), **how), [collatz(n) for n in range(first, first + count)], "steps")


def _spread(rng: random.Random, how: dict[str, Any]) -> None:
    n = rng.randrange(0, 100_000)
    check(run(spread(n), **how), sum(-1 if i % 1000 == 999 else i for i in range(n)), "spread")


def _pipeline(rng: random.Random, how: dict[str, Any]) -> None:
    roots, size, n = rng.randrange(1, 500), rng.randrange(1, 40), rng.randrange(0, 300)
    check(pipeline.map(np.full(roots, size), n, **how), np.full(roots, n * (n - 1) // 2), "pipeline")


def _lock(rng: random.Random, how: dict[str, Any]) -> None:
    roots, n, cell = rng.randrange(1, 300), rng.randrange(1, 20), np.zeros(1, np.int64)
    adds.map(Lock(), cell, np.full(roots, n), **how)
    check(cell[0], roots * n, "lock")


def _broadcast(rng: random.Random, how: dict[str, Any]) -> None:
    n = rng.randrange(1, 20_000)
    check(waits.map(Event(), np.zeros(1, np.int64), np.full(n, n), **how), np.full(n, n), "broadcast")


def _errors(rng: random.Random, how: dict[str, Any]) -> None:
    first, count = rng.randrange(0, 5000), rng.randrange(1, 3000)
    _, errors = item.map(range(first, first + count), return_exceptions=True, **how)
    check([error is not None for error in errors], [i % 1000 == 999 for i in range(first, first + count)], "errors")


def _timeouts(rng: random.Random, how: dict[str, Any]) -> None:
    n = rng.randrange(1, 3000)
    expected = np.where(np.arange(n) % 2, -1, np.arange(n))
    check(cancelled.perhaps_in_time.map(np.arange(n), **how), expected, "timeouts")


def _load(rng: random.Random, how: dict[str, Any]) -> None:
    check(run(rng.choice(cancelled.loads)(rng.randrange(40, 400), np.zeros(8, np.int64)), **how), 0, "load")


def memory(backend: str) -> tuple[float, float]:
    """MiB: of the process now, and taken on the device."""
    taken = 0.0
    if backend == "cuda":
        import cupy

        free, total = cupy.cuda.runtime.memGetInfo()
        taken = (total - free) / 2**20
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    return resident / 2**20, taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--backend", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng, done = random.Random(given.seed), Counter[str]()
    how = {"backend": given.backend, "timeout": LIMIT}
    began = time.monotonic()
    early: tuple[float, float] | None = None
    while (elapsed := time.monotonic() - began) < given.seconds:
        done[one(rng, how)] += 1
        if early is None and elapsed > given.seconds / 5:
            early = memory(given.backend)
    late = memory(given.backend)
    kinds = ", ".join(f"{count} {name}" for name, count in sorted(done.items()))
    print(f"{sum(done.values())} runs in {elapsed:.0f} s: {kinds}")
    if early is not None:
        pairs = zip(("process", "device"), early, late, strict=True)
        print("memory: " + ", ".join(f"{name} {first:.0f} -> {last:.0f} MiB" for name, first, last in pairs))


if __name__ == "__main__":
    main()
