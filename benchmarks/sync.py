"""Waiting and waking: hand-overs of a lock, items through queues, a broadcast, timers. On the GPU, else on the CPU.

Each row names how much is done; the limits are what issue 5 asks of the H200: a thousand queues move a billion items a
second together, a broadcast makes 10^5 waiters run within 200 us, and a sleep is late by less than 50 us.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from measure import Row, Skip, Times, cupy, interleave, require

from coro2cuda import Event, Lock, Queue, atomic_add, gather, gpu_async, i32, i64, sleep

UNCONTENDED_TASKS, UNCONTENDED_TURNS = 4096, 1000
CONTENDERS, CONTENDED_TURNS = 1000, 100
ITEMS, QUEUES, ITEMS_A_QUEUE = 100_000, 1000, 10_000
MORE_QUEUES, ITEMS_OF_MORE = 4000, 2500
MANY_QUEUES, ITEMS_OF_MANY = 30_000, 300
WAITERS, SLEEPERS = 100_000, 10_000


@gpu_async
async def uncontended(i: i32, turns: i32) -> i32:
    lock = Lock()
    for _ in range(turns):
        await lock.acquire()
        lock.release()
    return turns


@gpu_async
async def contended(i: i32, lock: Lock, turns: i32, count: i64[:]) -> i32:
    for _ in range(turns):
        async with lock:
            count[0] += 1
    return turns


@gpu_async
async def put_all(queue: Queue[i32], items: i32) -> i32:
    for i in range(items):
        await queue.put(i)
    return items


@gpu_async
async def get_all(queue: Queue[i32], items: i32) -> i64:
    total: i64 = 0
    for _ in range(items):
        total += await queue.get()
    return total


@gpu_async
async def through_a_queue(i: i32, items: i32) -> i64:
    queue = Queue[i32](64)
    _, total = await gather(put_all(queue, items), get_all(queue, items))
    return total


@gpu_async
async def put_noted(queue: Queue[i32], items: i32, i: i64, sums: i64[:, :]) -> i32:
    for k in range(items):
        sums[i, 0] += k
        await queue.put(k)
    return items


@gpu_async
async def get_noted(queue: Queue[i32], items: i32, i: i64, sums: i64[:, :]) -> i64:
    for _ in range(items):
        sums[i, 1] += await queue.get()
    return sums[i, 0] + sums[i, 1]


@gpu_async
async def through_a_queue_in_order(i: i32, items: i32, sums: i64[:, :]) -> i64:
    """The same where there are arrays, which a queue puts in order: who gets sees what was written before the put."""
    queue = Queue[i32](64)
    _, total = await gather(put_noted(queue, items, i, sums), get_noted(queue, items, i, sums))
    return total // 2


@gpu_async
async def wait_and_note(i: i32, event: Event, begun: i64[:], ready: i64[:], woken: i64[:]) -> None:
    """The last root task sets the event a millisecond after all others have come to wait."""
    if atomic_add(begun, 0, 1) == len(woken) - 1:
        await sleep(1e-3)
        ready[0] = time.monotonic_ns()
        event.set()
    await event.wait()
    woken[i] = time.monotonic_ns()


@gpu_async
async def nap(i: i32, late: i64[:]) -> None:
    wanted = 1_000_000 + 10_000 * (i % 1000)
    before = time.monotonic_ns()
    await sleep(wanted * 1e-9)
    late[i] = time.monotonic_ns() - before - wanted


def _through(queues: int, items: int) -> str:
    return f"{queues * items:,} items through {queues:,} queues"


THOUSAND = _through(QUEUES, ITEMS_A_QUEUE)
BROADCAST = f"a broadcast to {WAITERS:,} waiters"
LATENESS = f"the median of {SLEEPERS:,} sleeps is late by"


def rows() -> Iterator[Row]:
    """One row a measurement; where time is noted by the tasks themselves, it is theirs."""
    backend, on_gpu = _backend()
    work: dict[str, Callable[[], float]] = {
        f"{UNCONTENDED_TASKS * UNCONTENDED_TURNS:,} uncontended acquires and releases": lambda: _map(
            uncontended, (range(UNCONTENDED_TASKS), UNCONTENDED_TURNS), backend
        ),
        f"{CONTENDERS * CONTENDED_TURNS:,} turns of one lock among {CONTENDERS:,} tasks": lambda: _map(
            contended, (range(CONTENDERS), Lock(), CONTENDED_TURNS, np.zeros(1, np.int64)), backend
        ),
        f"{ITEMS:,} items through one queue": lambda: _queues(1, ITEMS, backend),
        THOUSAND: lambda: _queues(QUEUES, ITEMS_A_QUEUE, backend),
        f"{THOUSAND}, in order with arrays": lambda: _queues(QUEUES, ITEMS_A_QUEUE, backend, in_order=True),
        _through(MORE_QUEUES, ITEMS_OF_MORE): lambda: _queues(MORE_QUEUES, ITEMS_OF_MORE, backend),
        _through(MANY_QUEUES, ITEMS_OF_MANY): lambda: _queues(MANY_QUEUES, ITEMS_OF_MANY, backend),
        BROADCAST: lambda: _broadcast(backend),
        LATENESS: lambda: _lateness(backend),
    }
    limits = {THOUSAND: QUEUES * ITEMS_A_QUEUE / 1e9 * 1e3, BROADCAST: 0.2, LATENESS: 0.05} if on_gpu else {}
    found: dict[str, Times] = interleave(work, rounds=3)
    for name, times in found.items():
        yield Row(f"{name} ({backend})", times, limit_ms=limits.get(name))


def _backend() -> tuple[str, bool]:
    try:
        cupy()
    except Skip:
        return "cpu", False
    return "cuda", True


def _map(function: Any, arguments: tuple[Any, ...], backend: str) -> float:
    """Milliseconds of the kernel, or on the CPU of the whole call."""
    started = time.perf_counter()
    _, stats = function.map(*arguments, backend=backend, stats=True)
    elapsed = 1e3 * (time.perf_counter() - started)
    return float(stats.kernel_ms or elapsed)


def _queues(queues: int, items: int, backend: str, in_order: bool = False) -> float:
    function = through_a_queue_in_order if in_order else through_a_queue
    arrays = (np.zeros((queues, 2), np.int64),) if in_order else ()
    started = time.perf_counter()
    totals, stats = function.map(range(queues), items, *arrays, backend=backend, stats=True)
    elapsed = 1e3 * (time.perf_counter() - started)
    require(bool((totals == items * (items - 1) // 2).all()), "queues: items were lost")
    return float(stats.kernel_ms or elapsed)


def _broadcast(backend: str) -> float:
    begun, ready, woken = np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(WAITERS, np.int64)
    wait_and_note.map(range(WAITERS), Event(), begun, ready, woken, backend=backend)
    return float(woken.max() - ready[0]) / 1e6


def _lateness(backend: str) -> float:
    late = np.zeros(SLEEPERS, np.int64)
    nap.map(range(SLEEPERS), late, backend=backend)
    return float(np.median(late)) / 1e6
