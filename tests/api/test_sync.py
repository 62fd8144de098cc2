"""Waiting through the public interface: objects of the host, deadlocks, full heaps and pools, time."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy
import pytest
from ptx import ptx_of

from coro2cuda import (
    Barrier,
    CompileError,
    Condition,
    DeadlockError,
    Event,
    FramePoolExhausted,
    HeapExhausted,
    Lock,
    Queue,
    Semaphore,
    gather,
    gpu_async,
    i32,
    i64,
    reschedule,
    run,
    sleep,
)
from coro2cuda.lowering.program import Argument, Program
from coro2cuda.runtime import deadlock

BACKENDS = ["asyncio", "cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
COMPILED = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
GATE = Semaphore(3)


@gpu_async
async def add(i: int, lock: Lock, a) -> int:
    async with lock:
        seen = a[0]
        await reschedule()
        a[0] = seen + 1
    return i


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("make", [Lock, asyncio.Lock])
def test_root_tasks_share_a_lock_of_the_host(backend: str, make: Any) -> None:
    a = numpy.zeros(1, int)
    found = add.map(range(300), make(), a, backend=backend)
    assert found.sum() == 300 * 299 // 2
    assert a[0] == 300


@gpu_async
async def through_the_gate(i: int, a) -> None:
    async with GATE:
        a[i] = 1
        await reschedule()


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_object_may_be_a_global(backend: str) -> None:
    for _ in range(2):  # each run makes it anew
        a = numpy.zeros(200, int)
        through_the_gate.map(range(200), a, backend=backend)
        assert a.sum() == 200


SLOTS, ODD, DONE, MEET = Queue[int](4), Lock(), Event(), Condition()


@gpu_async
async def calls_globals(i: int) -> int:
    if i == 0:
        DONE.set()
    await DONE.wait()
    await SLOTS.put(i)
    await ODD.acquire()
    ODD.release()
    async with MEET:
        MEET.notify()
    return await SLOTS.get() + SLOTS.maxsize


@pytest.mark.parametrize("backend", BACKENDS)
def test_methods_of_globals_may_be_called(backend: str) -> None:
    """Ours have their methods only in an event loop, so the compiler must not look for them on the host."""
    assert sorted(calls_globals.map(range(20), backend=backend)) == list(range(4, 24))


COUNTED = Condition()


def is_even(n: int) -> bool:
    return n % 2 == 0


def agreed() -> bool:
    return True


@gpu_async
async def meets_in_pairs(i: int, arrived: i64[:], condition: Condition) -> int:
    """By a test of what is shared, and by a function without parameters; of an object of the host and a global."""
    async with condition:
        arrived[0] += 1
        condition.notify_all()
        await condition.wait_for(lambda: arrived[0] > i and is_even(arrived[0]))
        seen = arrived[0]
        condition.notify_all()
    async with COUNTED:
        await COUNTED.wait_for(agreed)
    return int(seen > i)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("make", [Condition, asyncio.Condition])
def test_a_condition_is_waited_for_by_its_test(backend: str, make: Any) -> None:
    found = meets_in_pairs.map(range(20), numpy.zeros(1, int), make(), backend=backend, timeout=20)
    assert found.tolist() == [1] * 20


async def waits_by_a_test(n: int) -> int:
    condition = Condition()
    async with condition:
        await condition.wait_for(lambda: n > 2)
    return n


async def waits_by_a_loop(n: int) -> int:
    condition = Condition()
    async with condition:
        while not n > 2:
            await condition.wait()
    return n


def test_a_wait_for_a_test_is_a_loop() -> None:
    n = Argument("n", i64, "uniform")
    assert ptx_of(waits_by_a_test, n) == ptx_of(waits_by_a_loop, n)


@gpu_async
async def relay(i: int, first: Queue[i32], second: Queue[i32]) -> i32:
    if i == 0:
        for k in range(10):
            await first.put(i32(k))
        return 0
    if i == 1:
        for _ in range(10):
            await second.put(await first.get() * 2)
        return 0
    total: i32 = 0
    for _ in range(10):
        total += await second.get()
    return total


@pytest.mark.parametrize("backend", BACKENDS)
def test_root_tasks_pass_items_through_queues_of_the_host(backend: str) -> None:
    found = relay.map(range(3), Queue[i32](2), Queue[i32](), backend=backend)
    assert found.tolist() == [0, 0, 90]


@pytest.mark.parametrize("backend", COMPILED)
def test_a_queue_of_the_host_must_hold_what_the_coroutine_expects(backend: str) -> None:
    with pytest.raises(TypeError, match="expected Queue"):
        relay.map(range(3), Queue[float](2), Queue[i32](), backend=backend)


@gpu_async
async def meet(i: int, barrier: Barrier, a) -> int:
    for _ in range(4):
        await barrier.wait()
    return barrier.parties


@pytest.mark.parametrize("backend", BACKENDS)
def test_root_tasks_meet(backend: str) -> None:
    assert (meet.map(range(100), Barrier(100), numpy.zeros(1), backend=backend) == 100).all()


# --- a deadlock


@gpu_async
async def take_two(first: Lock, second: Lock, barrier: Barrier) -> int:
    async with first:
        await barrier.wait()
        async with second:
            return 1


@gpu_async
async def embrace(n: int) -> int:
    a, b = Lock(), Lock()
    barrier = Barrier(2)
    x, y = await gather(take_two(a, b, barrier), take_two(b, a, barrier))
    return x + y


def line_of(text: str) -> int:
    with open(__file__, encoding="utf-8") as file:
        return next(number for number, line in enumerate(file, 1) if line.strip() == text)


@pytest.mark.parametrize("backend", COMPILED)
def test_a_deadlock_names_the_awaits_and_the_objects(backend: str) -> None:
    with pytest.raises(DeadlockError) as caught:
        run(embrace(1), backend=backend, timeout=20)
    text = str(caught.value)
    assert "embrace: 2 tasks wait for what nobody will do, and 0 of 1 root tasks are done" in text
    place = f"{__file__}:{line_of('async with second:')}: in 'take_two'"
    waiting = "2 tasks wait in lock.acquire() of a Lock made at"
    assert f"{place}, {waiting} test_sync.py:{line_of('a, b = Lock(), Lock()')}" in text


@gpu_async
async def wait_for_ever(i: int, event: Event) -> int:
    if i > 2:
        await event.wait()
    return i


@pytest.mark.parametrize("backend", COMPILED)
def test_a_deadlock_counts_the_tasks_of_an_object_of_the_host(backend: str) -> None:
    frames = 5000 if os.environ.get("TEST_SLOWDOWN") else None  # initcheck looks at all for each row that is copied
    with pytest.raises(DeadlockError, match=r"997 tasks wait in event.wait\(\) of an Event of the host"):
        wait_for_ever.map(range(1000), Event(), backend=backend, max_tasks=frames, timeout=20)


def test_each_object_of_a_deadlock_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On CUDA each look is a copy."""
    asked, real = [], deadlock.deadlock

    def counting(program: Program, left: deadlock.Leftovers, done: int, roots: int) -> DeadlockError:
        def words(handle: int) -> Sequence[int]:
            asked.append(handle)
            return left.object(handle)

        return real(program, dataclasses.replace(left, object=words), done, roots)

    monkeypatch.setattr(deadlock, "deadlock", counting)
    with pytest.raises(DeadlockError, match="997 tasks wait"):
        wait_for_ever.map(range(1000), Event(), backend="cpu", timeout=20)
    assert len(asked) == 1


@pytest.mark.parametrize("backend", COMPILED)
def test_more_parked_tasks_than_frames(backend: str) -> None:
    with pytest.raises(FramePoolExhausted, match="max_tasks="):
        wait_for_ever.map(range(3_000_000), Event(), backend=backend, max_tasks=1000, warps=4, timeout=20)


# --- a full heap


@gpu_async
async def hoard(n: int) -> int:
    queue = Queue[int]()
    for i in range(n):
        queue.put_nowait(i)
    return queue.qsize()


@pytest.mark.parametrize("backend", COMPILED)
def test_a_full_heap_says_what_to_set(backend: str) -> None:
    assert run(hoard(1000), backend=backend, heap=1 << 16) == 1000
    with pytest.raises(HeapExhausted, match="heap=131072"):
        run(hoard(100_000), backend=backend, heap=1 << 16)


@gpu_async
async def make_and_drop(n: int) -> int:
    total = 0
    for i in range(n):
        queue, event = Queue[int](4), Event()
        queue.put_nowait(i)
        event.set()
        total += await queue.get() + event.is_set()
    return total


@pytest.mark.parametrize("backend", COMPILED)
def test_what_is_dropped_is_used_again(backend: str) -> None:
    assert run(make_and_drop(10_000), backend=backend, heap=1 << 14) == 10_000 * 9_999 // 2 + 10_000


def test_an_object_cannot_be_the_result_of_a_root() -> None:
    @gpu_async
    async def result(n: int) -> Lock:
        return Lock()

    with pytest.raises(CompileError, match="the result of 'result' is a Lock"):
        run(result(1), backend="cpu")


# --- time


@gpu_async
async def nap(i: int, late) -> int:
    before = time.monotonic_ns()
    wanted = 0.001 * (1 + i % 20)
    await sleep(wanted)
    late[i] = time.monotonic_ns() - before - int(wanted * 1e9)
    return i


@pytest.mark.parametrize("backend", COMPILED)
def test_ten_thousand_sleep_and_none_wakes_early(backend: str) -> None:
    late = numpy.zeros(10_000, int)
    assert nap.map(range(10_000), late, backend=backend).sum() == 10_000 * 9_999 // 2
    assert late.min() > -2000  # a GPU's clock may tick in microseconds


@gpu_async
async def after(seconds: float, order, me: int, lock: Lock) -> None:
    await asyncio.sleep(seconds)
    async with lock:
        order[0] += 1
        order[order[0]] = me


@gpu_async
async def in_order_of_time(order) -> float:
    before, lock = time.monotonic(), Lock()
    await gather(
        after(3600.0, order, 3, lock), after(1.0, order, 1, lock), after(86400.0, order, 4, lock),
        after(60.0, order, 2, lock), after(-1.0, order, 0, lock),
    )  # fmt: skip
    return time.monotonic() - before


def test_virtual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORO2CUDA_VIRTUAL_CLOCK", "1")
    order = numpy.zeros(6, int)
    assert run(in_order_of_time(order), backend="cpu") == 86400.0
    assert order.tolist() == [5, 0, 1, 2, 3, 4]


@gpu_async
async def sleep_for(seconds: float) -> int:
    await sleep(seconds)
    return 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_nobody_sleeps_for_what_is_no_time(backend: str) -> None:
    with pytest.raises(ValueError, match="NaN"):
        run(sleep_for(float("nan")), backend=backend, timeout=20)


@pytest.mark.parametrize("backend", COMPILED)
def test_a_sleeping_program_can_be_stopped(backend: str) -> None:
    with pytest.raises(TimeoutError):
        run(sleep_for(1e6), backend=backend, timeout=0.2)


@gpu_async
async def lets_others_go_on(x: int) -> int:
    await asyncio.sleep(0)
    return x + 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_asyncios_own_sleep_of_nothing(backend: str) -> None:
    assert lets_others_go_on.map(range(3), backend=backend).tolist() == [1, 2, 3]
