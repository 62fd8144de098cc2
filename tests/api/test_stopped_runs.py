"""A thousand stopped runs: each ends soon, at whatever moment it was stopped, and leaves nothing behind."""

from __future__ import annotations

import gc
import os
import random
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from api_programs import forever, forever_forking, forever_suspending
from interrupts import LOST, POSIX, interrupt

from coro2cuda import Event, Lock, create_task, gather, gpu_async, i32, reschedule, run, sleep
from coro2cuda.runtime import cpu

BACKENDS = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
RUNS = 1000
SETTLED = 200  # runs after which a process has what it will ever have


@gpu_async
async def tree(n: i32) -> i32:
    """No leaf: every call suspends before it returns, so every call is a task."""
    await reschedule()
    if n < 2:
        return n
    a, b = await gather(tree(n - 1), tree(n - 2))
    return a + b


@gpu_async
async def passes_the_lock(lock: Lock, event: Event, turns: int) -> int:
    total = 0
    while total < turns:
        async with lock:
            await reschedule()
            total += 1
    await event.wait()
    return total


@gpu_async
async def waits_in_many_ways(turns: int) -> int:
    """Tasks that are parked, asleep, and about to wake each other, all of the time."""
    lock, event = Lock(), Event()
    tasks = [create_task(passes_the_lock(lock, event, turns)) for _ in range(5)]
    asleep = create_task(sleeps(turns * 1e-3))
    await gather(*tasks)
    return await asleep


@gpu_async
async def sleeps(seconds: float) -> int:
    await sleep(seconds)
    return 1


MOST = 1 << 60
ENDLESS: tuple[Callable[[], Any], ...] = (
    lambda: tree(60), lambda: forever(1), lambda: forever_suspending(1), lambda: forever_forking(1),
    lambda: waits_in_many_ways(MOST), lambda: sleeps(1e9),
)  # fmt: skip


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Where all of them are compiled, so that runs are stopped and not compilers."""
    name: str = request.param
    for endless in ENDLESS:
        with pytest.raises(TimeoutError):
            run(endless(), backend=name, timeout=1e-3, max_tasks=100_000)
    return name


def test_runs_that_take_too_long(backend: str) -> None:
    def stopped(endless: Callable[[], Any], limit: float) -> None:
        with pytest.raises(TimeoutError):
            run(endless(), backend=backend, timeout=limit, max_tasks=100_000)

    check(stopped, backend)


@POSIX
@LOST
def test_runs_that_are_interrupted(backend: str) -> None:
    def stopped(endless: Callable[[], Any], limit: float) -> None:
        interrupt(lambda: run(endless(), backend=backend, max_tasks=100_000), limit)

    check(stopped, backend)


def check(stopped: Callable[[Callable[[], Any], float], None], backend: str) -> None:
    """Stop many runs at random moments, and see what is left of them."""
    chance = random.Random(7)
    kept: list[tuple[int, ...]] = []
    for number in range(RUNS):
        stopped(ENDLESS[number % len(ENDLESS)], chance.uniform(1e-5, 3e-3))
        if number in (SETTLED, RUNS - 1):
            gc.collect()  # tracebacks hold runs in cycles, as many as there were since the collector last came
            kept.append((threads_alive(), open_files(), resident_memory()))
    early, late = kept
    assert late[:2] == early[:2], "threads or files are left behind"
    assert late[2] - early[2] < 64 << 20, "memory is left behind"
    assert run(tree(17), backend=backend) == 1597


def threads_alive() -> int:
    """The least of some counts: a thread whose start was interrupted takes a moment to see that it is too late."""
    counts = []
    for _ in range(20):
        counts.append(sum(thread.is_alive() for thread in threading.enumerate()))
        time.sleep(0.005)
    return min(counts)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0


def resident_memory() -> int:
    """Bytes of this process that are in memory now."""
    if not os.path.exists("/proc/self/statm"):
        pytest.skip("needs Linux's /proc")
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@POSIX
@LOST
def test_no_thread_works_on_after_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPython takes a thread for dead whose `join` was interrupted; here threads need a while to see the stop flag."""
    for endless in ENDLESS[:2]:  # so that they are compiled
        with pytest.raises(TimeoutError):
            run(endless(), backend="cpu", timeout=1e-3, max_tasks=100_000)
    ended = []
    work = cpu._Run.work

    def slow(self: cpu._Run, entry: Any, warp: int) -> None:
        def late(*arguments: Any) -> None:
            entry(*arguments)
            time.sleep(0.3)
            ended.append(warp)

        work(self, late, warp)

    monkeypatch.setattr(cpu._Run, "work", slow)
    for limit in (0.02, 0.05):
        interrupt(lambda: run(forever(1), backend="cpu", max_tasks=100_000), limit)
        assert ended == [0]
        ended.clear()
        interrupt(lambda: run(tree(60), backend="cpu", threads=3, max_tasks=100_000), limit)
        assert sorted(ended) == [0, 1, 2]
        ended.clear()


@pytest.mark.parametrize("which", range(len(ENDLESS)))
@POSIX
@LOST
def test_a_run_stops_within_a_tenth_of_a_second(backend: str, which: int) -> None:
    """Of a few times the middle one counts: others use the machine too."""
    late: dict[str, list[float]] = {"timeout": [], "Ctrl-C": []}
    for _ in range(5):
        started = time.perf_counter()
        with pytest.raises(TimeoutError):
            run(ENDLESS[which](), backend=backend, timeout=0.02, max_tasks=100_000)
        late["timeout"].append(time.perf_counter() - started - 0.02)
        started = time.perf_counter()
        interrupt(lambda: run(ENDLESS[which](), backend=backend, max_tasks=100_000), 0.02)
        late["Ctrl-C"].append(time.perf_counter() - started - 0.02)
    assert max(map(statistics.median, late.values())) < 0.1, late
