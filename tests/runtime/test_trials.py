"""What tests ask of the executor: that all frames come back, and that the order of ready tasks does not matter."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from coro2cuda import Lock, Queue, create_task, gather, gpu_async, i8, i64, reschedule, run
from coro2cuda.frontend.dtypes import boolean
from coro2cuda.lowering import abi
from coro2cuda.lowering.program import Argument
from coro2cuda.runtime import backend, compiler, errors, trials


@gpu_async
async def fib(n: int) -> int:
    if n < 2:
        return n
    a, b = await gather(fib(n - 1), fib(n - 2))
    return a + b


@gpu_async
async def deep(n: int) -> int:
    await reschedule()
    return 0 if n == 0 else 1 + await deep(n - 1)


@gpu_async
async def noted(log: i64[:], n: int) -> int:
    """The order in which tasks get past their suspension."""
    await reschedule()
    at = log[0]
    log[0] = at + 1
    log[1 + at] = n
    return n


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_no_order_changes_a_result(seed: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """`deep` has more calls alive than a warp has frames at first, and new root tasks come in between."""
    monkeypatch.setenv(trials.SHUFFLE, str(seed))
    assert run(fib(15), backend="cpu", threads=threads) == 610
    found = deep.map(range(300, 900, 20), backend="cpu", threads=threads)
    assert found.tolist() == list(range(300, 900, 20))


def order(seed: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setenv(trials.SHUFFLE, str(seed))
    log = np.zeros(41, np.int64)
    noted.map(log, range(40), backend="cpu", threads=1)
    return log[1:].tolist()


def test_a_seed_is_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    first, again, other = (order(seed, monkeypatch) for seed in (5, 5, 6))
    assert sorted(first) == list(range(40))
    assert first == again != other


@pytest.mark.parametrize("value", ["-1", "x", str(1 << 31)])
def test_a_seed_that_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(trials.SHUFFLE, value)
    with pytest.raises(errors.SettingError, match="CORO2CUDA_SHUFFLE="):
        run(fib(3), backend="cpu")


async def keeps_a_flag(n: int, late: bool) -> int:
    """The flag lies in its frame beside what the second state need not read."""
    await reschedule()
    if late:
        await reschedule()
    return n


def program_for_cuda(monkeypatch: pytest.MonkeyPatch, wide: str) -> bytes:
    monkeypatch.setenv(trials.WIDE_FRAMES, wide)
    arguments = [Argument("n", i64, "range"), Argument("late", boolean, "each")]
    return compiler.compile_program(keeps_a_flag, arguments, "sm_90", True).code


def test_frames_on_cuda_are_wide_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, wide, narrow = (program_for_cuda(monkeypatch, chosen) for chosen in ("", "1", "0"))
    assert re.findall(rb"ld.global.v\d.b\d+", plain) == re.findall(rb"ld.global.v\d.b\d+", wide) != []
    assert not re.findall(rb"ld.global.v\d.b\d+", narrow)


async def keeps_three_bytes(n: i64, a: i8, b: i8, c: i8) -> i64:
    await reschedule()
    return n + a * (b + i64(1)) + c * a


def test_narrow_loads_of_neighbours_are_not_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """LLVM makes one load of 32 bits of three of 8, and initcheck reports the fourth byte."""
    monkeypatch.setenv(trials.WIDE_FRAMES, "0")
    arguments = [Argument("n", i64, "range"), *(Argument(name, i8, "each") for name in "abc")]
    code = compiler.compile_program(keeps_three_bytes, arguments, "sm_90", True).code
    found = re.findall(rb"ld\.relaxed\.cta\.global\.b8 .*\[(%rd\d+)\+(\d+)\]", code)
    assert len(found) == 3 and len({frame for frame, _ in found}) == 1
    first = min(int(offset) for _, offset in found)
    assert sorted(int(offset) for _, offset in found) == [first, first + 1, first + 2]


def test_a_switch_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(trials.WIDE_FRAMES, "yes")
    with pytest.raises(errors.SettingError, match="CORO2CUDA_WIDE_FRAMES='yes': expected 0 or 1"):
        run(fib(3), backend="cpu")


def outcome_of(function: Any, *arguments: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a backend read back after a run, caught on its way to the check."""
    seen = []
    kept = backend.check_frames
    monkeypatch.setattr(backend, "check_frames", lambda *given: seen.append(given))
    run(function(*arguments), backend="cpu", threads=2)
    monkeypatch.setattr(backend, "check_frames", kept)
    return seen[0]


@pytest.mark.parametrize("function, n", [(fib, 15), (deep, 1000)])
def test_a_lost_frame_is_found(function: Any, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    program, outcome, over = outcome_of(function, n, monkeypatch=monkeypatch)
    backend.check_frames(program, outcome, over)
    outcome.counters[abi.STAT_FREE_FRAMES] -= 1
    with pytest.raises(errors.ProgramError, match="1 frames were not given back"):
        backend.check_frames(program, outcome, over)


def test_a_frame_that_is_free_twice_is_found_also_after_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    check = backend.check_frames
    monkeypatch.setattr(backend, "check_frames", lambda *given: seen.append(given))
    with pytest.raises(TimeoutError):
        run(fib(60), backend="cpu", timeout=0.02)
    program, outcome, over = seen[0]
    assert not over
    check(program, outcome, over)
    outcome.counters[abi.STAT_FREE_FRAMES] = 1 << 40
    with pytest.raises(errors.ProgramError, match="frames were given back twice"):
        check(program, outcome, over)


@gpu_async
async def makes_objects(n: int) -> int:
    total = 0
    for i in range(n):
        queue, lock = Queue[int](2), Lock()
        tasks = [create_task(fib(k)) for k in range(i % 3)]
        async with lock:
            await queue.put(i)
        total += await queue.get() + sum(await gather(*tasks))
    return total


def test_an_object_that_nobody_gives_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    program, outcome, over = outcome_of(makes_objects, 20, monkeypatch=monkeypatch)
    backend.check_frames(program, outcome, over)
    bump = outcome.granules_left.__self__.heap.view("u8")[:1]
    assert bump[0] > abi.HEAP_HEADER // abi.HEAP_GRANULE
    bump += 2
    with pytest.raises(errors.ProgramError, match="32 bytes of the heap were not given back by tasks of makes_objects"):
        backend.check_frames(program, outcome, over)


def test_without_checks_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(trials.CHECKS)
    seen: list[Any] = []
    monkeypatch.setattr(backend, "check_frames", lambda *given: seen.append(given))
    assert run(fib(10), backend="cpu") == 55 and not seen
