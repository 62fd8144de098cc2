"""An event that very many tasks wait for: each goes on, once, whatever else happens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from coro2cuda import Event, atomic_add, create_task, gather, gpu_async, i64, reschedule, run

RUNS = [
    pytest.param({"backend": "asyncio"}, id="asyncio"),
    pytest.param({"backend": "cpu", "threads": 1}, id="cpu-1"),
    pytest.param({"backend": "cpu", "threads": 8}, id="cpu-8"),
    pytest.param({"backend": "cuda"}, id="cuda", marks=pytest.mark.gpu),
]


@gpu_async
async def waits(event: Event, i: int, out: i64[:]) -> int:
    atomic_add(out, len(out) - 1, 1)
    await event.wait()
    atomic_add(out, i, 1)
    return i


@gpu_async
async def one_crowd(n: int, out: i64[:]) -> int:
    event = Event()
    waiting = create_task(all_of(event, n, out))
    while atomic_add(out, n, 0) < n:
        await reschedule()
    event.set()
    return await waiting


@gpu_async
async def all_of(event: Event, n: int, out: i64[:]) -> int:
    return sum(await gather(*[waits(event, i, out) for i in range(n)]))


@gpu_async
async def again_and_again(rounds: int, n: int, out: i64[:]) -> int:
    """One event, set and cleared."""
    event, total = Event(), 0
    for turn in range(rounds):
        waiting = create_task(all_of(event, n, out))
        while atomic_add(out, n, 0) < n * (turn + 1):
            await reschedule()
        event.set()
        total += await waiting
        event.clear()
    return total


@gpu_async
async def of_the_host(i: int, event: Event, out: i64[:]) -> int:
    begun = atomic_add(out, 0, 1)
    if begun == len(out) - 2:
        event.set()
    await event.wait()
    atomic_add(out, 1, 1)
    return i


@pytest.mark.parametrize("how", RUNS)
@pytest.mark.parametrize("n", [15, 16, 17, 200, 3000])
def test_all_go_on(n: int, how: dict[str, Any]) -> None:
    out = np.zeros(n + 1, np.int64)
    assert run(one_crowd(n, out), timeout=60, **how) == n * (n - 1) // 2
    assert np.all(out[:n] == 1)


@pytest.mark.parametrize("how", RUNS)
def test_an_event_is_used_again(how: dict[str, Any]) -> None:
    out = np.zeros(301, np.int64)
    assert run(again_and_again(10, 300, out), timeout=60, **how) == 10 * (300 * 299 // 2)
    assert np.all(out[:300] == 10)


@pytest.mark.parametrize("how", RUNS[1:])
def test_many_crowds_at_once(how: dict[str, Any]) -> None:
    """Only one is woken by all warps: the others wake theirs by themselves."""
    outs = np.zeros(201, np.int64)
    found = separately.map(range(30), 200, outs, timeout=60, **how)
    assert np.all(found == 200 * 199 // 2) and outs[0] == 30 * 200


@gpu_async
async def separately(root: int, n: int, outs: i64[:]) -> int:
    event = Event()
    waiting = create_task(counted(event, n, outs))
    for _ in range(3):
        await reschedule()
    event.set()
    return await waiting


@gpu_async
async def counted(event: Event, n: int, outs: i64[:]) -> int:
    return sum(await gather(*[waits_counted(event, i, outs) for i in range(n)]))


@gpu_async
async def waits_counted(event: Event, i: int, outs: i64[:]) -> int:
    await event.wait()
    atomic_add(outs, 0, 1)
    return i


@pytest.mark.parametrize("how", RUNS[1:])
def test_an_event_of_the_host(how: dict[str, Any]) -> None:
    out = np.zeros(2000, np.int64)
    assert np.array_equal(of_the_host.map(range(2500), Event(), out, timeout=60, **how), np.arange(2500))
    assert out[:2].tolist() == [2500, 2500]


@pytest.mark.parametrize("how", RUNS[1:])
def test_without_room_for_a_crowd(how: dict[str, Any]) -> None:
    """A full heap has no room for the array: the list is as long as it must be."""
    out = np.zeros(3001, np.int64)
    assert run(one_crowd(3000, out), timeout=60, heap=4096, **how) == 3000 * 2999 // 2
    assert np.all(out[:3000] == 1)
