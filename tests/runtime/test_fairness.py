"""In programs that fork no ready task waits for ever while others go on, whatever its state and theirs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from coro2cuda import Barrier, Event, gather, gpu_async, i32, reschedule, run

SETTINGS = [*(pytest.param({"backend": "cpu", "threads": threads}, id=f"cpu {threads}") for threads in (1, 2, 8)),
            pytest.param({"backend": "cuda"}, id="cuda", marks=pytest.mark.gpu),
            pytest.param({"backend": "cuda", "warps": 1}, id="cuda 1", marks=pytest.mark.gpu)]  # fmt: skip


@gpu_async
async def waits(flags: i32[:], i: i32) -> i32:
    while flags[i] == 0:
        await reschedule()
    return flags[i]


@gpu_async
async def sets(flags: i32[:], i: i32) -> i32:
    for _ in range(5):
        await reschedule()
    flags[i] = 7
    return 1


@gpu_async
async def sets_by_a_child(flags: i32[:], i: i32) -> i32:
    await reschedule()
    a, b = await gather(sets(flags, i), sets(flags, i + 1))
    return a + b


@gpu_async
async def waits_first(flags: i32[:]) -> i32:
    a, b = await gather(waits(flags, 0), sets(flags, 0))
    return a + b


@gpu_async
async def waits_last(flags: i32[:]) -> i32:
    a, b = await gather(sets(flags, 0), waits(flags, 0))
    return a + b


@gpu_async
async def all_wait_but_one(flags: i32[:]) -> i32:
    a, b, c, d = await gather(waits(flags, 1), sets_by_a_child(flags, 0), waits(flags, 0), waits(flags, 1))
    return a + b + c + d


@gpu_async
async def wait_in_turn(flags: i32[:], i: i32) -> i32:
    """Waits for what another sets: one begun later in the first half, one begun earlier in the second."""
    await reschedule()
    a, b = await gather(waits(flags, i), sets(flags, i32(len(flags)) - 1 - i))
    return a + b


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(("program", "expected"), [(waits_first, 8), (waits_last, 8), (all_wait_but_one, 23)])
def test_a_task_that_waits_lets_the_one_it_waits_for_go_on(setting: dict[str, Any], program: Any, expected: int):
    assert run(program(np.zeros(2, np.int32)), timeout=30, **setting) == expected


@gpu_async
async def many(flags: i32[:], first: i32, count: i32) -> i32:
    """A tree over some of the flags, so that tasks of one state wait for others of all ages."""
    if count == 1:
        return await wait_in_turn(flags, first)
    a, b = await gather(many(flags, first, count // 2), many(flags, first + count // 2, count - count // 2))
    return a + b


@pytest.mark.parametrize("setting", SETTINGS)
def test_tasks_of_one_state_wait_for_older_and_newer_ones(setting: dict[str, Any]):
    assert run(many(np.zeros(200, np.int32), 0, 200), timeout=60, **setting) == 200 * 8


# --- where frames are short ------------------------------------------------------------------------------------------


@gpu_async
async def polls(event: Event) -> i32:
    while not event.is_set():
        await reschedule()
    return i32(1)


@gpu_async
async def sets_event(event: Event) -> i32:
    await reschedule()
    event.set()
    return i32(1)


@gpu_async
async def sets_event_late(event: Event, turns: i32) -> i32:
    """Begins children when those that poll have their frames."""
    for _ in range(turns):
        await reschedule()
    return await sets_event(event) + await sets_event(event)


@gpu_async
async def sets_event_by_two(event: Event, turns: i32) -> i32:
    for _ in range(turns):
        await reschedule()
    a, b = await gather(sets_event(event), sets_event(event))
    return a + b


@gpu_async
async def polled_for_one(turns: i32) -> i32:
    event = Event()
    a, b, c = await gather(polls(event), sets_event_late(event, turns), polls(event))
    return a + b + c


@gpu_async
async def polled_for_two(turns: i32) -> i32:
    event = Event()
    a, b, c = await gather(polls(event), sets_event_by_two(event, turns), polls(event))
    return a + b + c


FEW_FRAMES = [
    *(pytest.param({"backend": "cpu", "threads": threads, "max_tasks": frames}, roots, id=f"cpu {threads}, {frames}")
      for threads, frames, roots in ((1, 40, 8), (1, 40, 20), (1, 100, 40), (2, 40, 8), (2, 100, 30), (4, 200, 60))),
    pytest.param({"backend": "cuda", "warps": 4, "max_tasks": 2000}, 1000, id="cuda 4", marks=pytest.mark.gpu),
    pytest.param({"backend": "cuda", "max_tasks": 20_000}, 10_000, id="cuda", marks=pytest.mark.gpu),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "roots"), FEW_FRAMES)
@pytest.mark.parametrize("program", [polled_for_one, polled_for_two])
def test_who_polls_lets_others_begin_though_frames_are_short(setting: dict[str, Any], roots: int, program: Any):
    assert program.map(np.full(roots, 3, np.int32), timeout=60, **setting).tolist() == [4] * roots


@gpu_async
async def polls_in_turn(all_there: Barrier, before: Event, after: Event) -> i32:
    await all_there.wait()
    while not before.is_set():
        await reschedule()
    after.set()
    return i32(1)


@gpu_async
async def four_in_turn(n: i32, all_there: Barrier) -> i32:
    a, b, c, d, e = Event(), Event(), Event(), Event(), Event()
    a.set()
    w, x, y, z = await gather(
        polls_in_turn(all_there, a, b), polls_in_turn(all_there, b, c),
        polls_in_turn(all_there, c, d), polls_in_turn(all_there, d, e),
    )  # fmt: skip
    return w + x + y + z + n


@pytest.mark.parametrize("setting", SETTINGS)
def test_tasks_that_overflow_have_their_turn(setting: dict[str, Any]):
    """A thousand poll at once, and a quarter of them can go on."""
    assert four_in_turn.map(range(250), Barrier(1000), timeout=60, **setting).tolist() == list(range(4, 254))
