"""Programs that fork where memory is short: full deques, a full frame pool, and the error where nothing can go on."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from coro2cuda import FramePoolExhausted, atomic_add, create_task, gather, gpu_async, i32, reschedule, run
from coro2cuda.frontend import dtypes
from coro2cuda.lowering import compile
from coro2cuda.lowering.program import Argument, Shape
from coro2cuda.runtime import backend, compiler, errors

UNDER_A_TOOL = bool(os.environ.get("TEST_SLOWDOWN"))  # `sanitize`: there warps that wait for frames are very slow
MANY_WARPS = 100 if UNDER_A_TOOL else 500
SETTINGS = [*(pytest.param({"backend": "cpu", "threads": threads}, id=f"cpu {threads}") for threads in (1, 2, 8)),
            pytest.param({"backend": "cuda"}, id="cuda", marks=pytest.mark.gpu),
            pytest.param({"backend": "cuda", "warps": MANY_WARPS}, id="cuda many", marks=pytest.mark.gpu)]  # fmt: skip


@gpu_async
async def tree(depth: i32) -> i32:
    """The leaves of a tree of three branches, each a task that suspends before and after."""
    await reschedule()
    if depth == 0:
        return 1
    a, b, c = await gather(tree(depth - 1), tree(depth - 1), tree(depth - 1))
    await reschedule()
    return a + b + c


@gpu_async
async def endless(n: i32) -> i32:
    a, b = await gather(endless(n + 1), endless(n + 1))
    return a + b


@gpu_async
async def left(n: i32) -> i32:
    await reschedule()
    return n % 2


@gpu_async
async def right(n: i32) -> i32:
    await reschedule()
    return n % 3


@gpu_async
async def comb(n: i32) -> i32:
    """Leaves two children of different states waiting at every step of a deep recursion."""
    if n == 0:
        return 0
    a, b, c = await gather(left(n), right(n), comb(n - 1))
    return a + b + c


@gpu_async
async def eight(n: i32) -> i32:
    await gather(left(n), left(n), left(n), left(n), left(n), left(n), left(n), left(n))
    return n


@gpu_async
async def even(n: i32) -> i32:
    if n == 0:
        return 1
    return await odd(n - 1)


@gpu_async
async def odd(n: i32) -> i32:
    if n == 0:
        return 0
    a, b = await gather(even(n - 1), left(n))
    return a + 0 * b


@gpu_async
async def mark(i: int, counts: i32[:]) -> None:
    await reschedule()
    atomic_add(counts, i, 1)


@gpu_async
async def begin_all(counts: i32[:]) -> None:
    for i in range(len(counts)):
        create_task(mark(i, counts))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("frames", [60, 100, 1000, 100_000])
def test_a_pool_that_holds_one_path_is_enough(setting: dict[str, Any], frames: int):
    """All at once would be 9,841 tasks; one path to a leaf needs 8 x 3."""
    assert run(tree(8), max_tasks=frames, timeout=60, **setting) == 3**8


@pytest.mark.parametrize("setting", SETTINGS)
def test_more_root_tasks_than_frames(setting: dict[str, Any]):
    roots, frames = (140, 60) if UNDER_A_TOOL else (700, 300)
    assert list(tree.map(np.full(roots, 4, np.int32), max_tasks=frames, timeout=60, **setting)) == [81] * roots


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_pool_too_small_for_one_path_is_exhausted(setting: dict[str, Any]):
    with pytest.raises(FramePoolExhausted, match=r"all \d+ frames of the pool .* of tree; give more: max_tasks="):
        run(tree(300), max_tasks=200, timeout=60, **setting)
    assert run(tree(3), max_tasks=200, timeout=60, **setting) == 27


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("frames", [40, 1000, 200_000])
def test_an_endless_program_ends_and_says_what_was_alive(setting: dict[str, Any], frames: int):
    with pytest.raises(FramePoolExhausted) as caught:
        run(endless(0), max_tasks=frames, timeout=60, **setting)
    message = str(caught.value)
    count = int(re.search(r"all (\d+) frames", message)[1])  # type: ignore[index]
    alive = {place: int(number.replace(",", "")) for number, place in re.findall(r"([\d,]+)  (.*), /", message)}
    assert set(alive) == {"endless, not begun", "endless, waiting in gather", "root task, waiting for a call"}
    assert alive["endless, not begun"] == alive["endless, waiting in gather"] + 1, "a tree of forks in two"
    # Each warp that starves may keep a frame, too few for two children.
    assert count - sum(alive.values()) <= setting.get("threads", 2112)


def test_a_recursion_through_an_await_is_counted_too():
    with pytest.raises(FramePoolExhausted) as caught:
        run(even(100_000), backend="cpu", threads=1, max_tasks=1000, timeout=60)
    alive = [int(number) for number in re.findall(r"(\d+)  \w+.*, /", str(caught.value).replace(",", "", 0))]
    assert 990 <= sum(alive) <= 1000


@pytest.mark.parametrize("setting", SETTINGS)
def test_tasks_that_fit_in_no_deque_and_no_chunk_are_kept(setting: dict[str, Any]):
    one_warp = setting | {"warps": 1} if setting["backend"] == "cuda" else setting
    if UNDER_A_TOOL:
        setting = {"warps": MANY_WARPS} | setting
    expected = sum(n % 2 + n % 3 for n in range(4001))
    assert run(comb(4000), timeout=60, **one_warp) == expected
    assert list(comb.map(np.full(64, 4000, np.int32), timeout=60, **setting)) == [expected] * 64


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("frames", [20, 400])
def test_tasks_that_nobody_awaits_wait_for_frames(setting: dict[str, Any], frames: int):
    counts = np.zeros(5000, np.int32)
    run(begin_all(counts), max_tasks=frames, timeout=60, **setting)
    assert (counts == 1).all()


def test_frames_at_peak_are_those_of_a_path_where_one_thread_works():
    _, found = run(tree(8), backend="cpu", threads=1, stats=True)
    assert 8 * 3 <= found.frames_at_peak <= 8 * 3 + 64, "some more are taken at once"
    assert "frames at peak" in str(found)
    _, found = run(tree(8), backend="cpu", threads=1, max_tasks=80, stats=True)
    assert found.frames_at_peak <= found.frames == 80


def test_the_time_of_idle_threads_is_seen():
    _, alone = run(comb(3000), backend="cpu", threads=1, stats=True)
    _, helped = run(comb(3000), backend="cpu", threads=8, stats=True)
    assert 0 <= alone.idle_share < 0.5
    assert 0 <= helped.idle_share <= 1
    assert "idle" in str(helped)


# --- the executor checks itself --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cramped:
    """The CPU's executor with deques that are too small for what a group adds."""

    real: compiler.LinkableExecutor

    def entries(self, shape: Shape) -> dict[str, str]:
        return self.real.entries(shape)

    def bitcode(self, shape: Shape) -> Sequence[bytes]:
        return self.real.bitcode(shape)

    def options(self, shape: Shape) -> dict[str, int]:
        return self.real.options(shape) | {"CAPACITY": 4, "ROOM": 1}

    def warp_memory_size(self, shape: Shape) -> int:
        return self.real.warp_memory_size(shape)


def test_an_overfull_deque_stops_the_run():
    """It cannot happen with the sizes of `layout`: here they are wrong."""
    real = compiler.executor("cpu")
    arguments = [Argument("n", dtypes.i32)]
    values = (1,)
    for executor, fails in ((real, False), (Cramped(real), True)):
        program = compile.compile_program(eight.__gpu_async__, arguments, "cpu", executor)
        loaded = backend.instance("cpu").load(program)
        job = backend.Job(values, 1, backend.Options(threads=1, timeout=60))
        if not fails:
            assert loaded.run(job).arrays[0] == [1]
            continue
        with pytest.raises(errors.ProgramError, match="impossible state"):
            loaded.run(job)
