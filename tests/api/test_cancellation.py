"""Cancellation, time limits, groups whose tasks fail: every backend must do what CPython's asyncio does.

The programs stand in `cancellation_programs`; asyncio runs each first, and what it gives is expected of the others.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from typing import Any

import cancellation_programs as given
import numpy as np
import pytest

from coro2cuda import DeadlockError, run

RUNS = [
    pytest.param({"backend": "cpu", "threads": 1}, id="cpu-1"),
    pytest.param({"backend": "cpu", "threads": 8}, id="cpu-8"),
    pytest.param({"backend": "cuda"}, id="cuda", marks=pytest.mark.gpu),
]
ALL = [pytest.param({"backend": "asyncio"}, id="asyncio"), *RUNS]
LIMIT = 30  # seconds: no program may hang


@pytest.mark.parametrize("how", RUNS[:2])
@pytest.mark.parametrize("coroutine, arguments", given.programs)
def test_as_asyncio(coroutine: Any, arguments: tuple[Any, ...], how: dict[str, Any]) -> None:
    expected = run(coroutine(*arguments), backend="asyncio", timeout=LIMIT)
    assert run(coroutine(*arguments), timeout=LIMIT, **how) == expected


@pytest.mark.parametrize("how", RUNS[1:])
@pytest.mark.parametrize("coroutine, arguments", given.programs)
def test_many_root_tasks(coroutine: Any, arguments: tuple[Any, ...], how: dict[str, Any]) -> None:
    """Side by side they do what each does alone."""
    expected = run(coroutine(*arguments), backend="asyncio", timeout=LIMIT)
    columns = [np.full(100, argument) for argument in arguments]
    assert np.all(coroutine.map(*columns, timeout=LIMIT, **how) == expected)


# --- what reaches the host -------------------------------------------------------------------------------------------


def names_of(error: BaseException) -> list[str]:
    """The functions of a traceback, outermost first."""
    return [entry.name for entry in traceback.extract_tb(error.__traceback__)]


@pytest.mark.parametrize("how", ALL)
def test_a_root_task_that_awaits_a_cancelled_one_is_cancelled(how: dict[str, Any]) -> None:
    with pytest.raises(asyncio.CancelledError) as raised:
        run(given.awaits_a_cancelled_task(3), timeout=LIMIT, **how)
    assert "awaits_a_cancelled_task" in names_of(raised.value)
    assert not {"run_one", "raise_error"} & set(names_of(raised.value)), "frames of ours"


@pytest.mark.parametrize("how", ALL)
def test_a_timeout_that_nobody_catches(how: dict[str, Any]) -> None:
    with pytest.raises(TimeoutError) as raised:
        run(given.times_out(3), timeout=LIMIT, **how)
    assert isinstance(raised.value.__cause__, asyncio.CancelledError)
    assert "times_out" in names_of(raised.value)


@pytest.mark.parametrize("how", ALL)
def test_an_exception_group_has_all_that_was_raised(how: dict[str, Any]) -> None:
    with pytest.raises(ExceptionGroup, match="unhandled errors in a TaskGroup") as raised:
        run(given.three_fail(5), timeout=LIMIT, **how)
    found = {type(error): error for error in raised.value.exceptions}
    assert set(found) == {KeyError, ValueError, ZeroDivisionError}
    assert found[KeyError].args == (6,) and found[ValueError].args == ("no 5",)
    assert names_of(found[ValueError])[-1] == "fails_late_now"
    assert "fails_surely_so" in names_of(found[KeyError])


@pytest.mark.parametrize("how", ALL)
def test_the_error_of_a_groups_body_comes_last(how: dict[str, Any]) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        run(given.body_and_child_fail(7), timeout=LIMIT, **how)
    assert [repr(error) for error in raised.value.exceptions] == ["ValueError('no 7')", "KeyError(7)"]


@pytest.mark.parametrize("how", ALL)
def test_groups_in_groups(how: dict[str, Any]) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        run(given.outer_group(2), timeout=LIMIT, **how)
    (inner,) = raised.value.exceptions
    assert isinstance(inner, ExceptionGroup)
    assert [str(error) for error in inner.exceptions] == ["no 2"]


@pytest.mark.parametrize("how", ALL)
def test_the_error_of_a_task_arrives_where_it_is_awaited(how: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no 4") as raised:
        run(given.awaits_one_that_fails(4), timeout=LIMIT, **how)
    names = names_of(raised.value)
    assert "awaits_one_that_fails" in names and names[-1] == "fails_late"


@pytest.mark.parametrize("how", ALL)
def test_an_error_that_nobody_sees_ends_the_run(how: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no 4"):
        run(given.lets_one_fail(4), timeout=LIMIT, **how)


@pytest.mark.parametrize("how", RUNS)
def test_errors_of_root_tasks_are_returned(how: dict[str, Any]) -> None:
    found, errors = given.perhaps_times_out.map(np.arange(8), return_exceptions=True, timeout=LIMIT, **how)
    assert [type(error) for error in errors] == [type(None), TimeoutError] * 4
    assert list(found[::2]) == [0, 2, 4, 6]


@pytest.mark.parametrize("how", ALL)
def test_exception_groups_of_root_tasks_are_returned(how: dict[str, Any]) -> None:
    found, errors = given.fails_if_odd.map(np.arange(6), return_exceptions=True, timeout=LIMIT, **how)
    assert [error and repr(error.exceptions) for error in errors] == [None, "(ValueError('no 3'),)"] * 3
    assert list(found) == [0] * 6


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ALL)
def test_a_timeout_that_is_left_holds_nothing_up(how: dict[str, Any]) -> None:
    began = time.monotonic()
    assert run(given.in_time(7), timeout=LIMIT, **how) == 7 * 3
    assert time.monotonic() - began < LIMIT / 2


@pytest.mark.parametrize("how", RUNS)
def test_a_cancelled_sleep_holds_nothing_up(how: dict[str, Any]) -> None:
    given.cancels_sleepers.map(np.full(1, 40), timeout=LIMIT, **how)  # compiles
    began = time.monotonic()
    assert np.all(given.cancels_sleepers.map(np.full(50, 40), timeout=LIMIT, **how) == 40)
    assert time.monotonic() - began < LIMIT / 2


@pytest.mark.parametrize("how", RUNS)
def test_ten_thousand_timeouts(how: dict[str, Any]) -> None:
    found = given.perhaps_in_time.map(np.arange(10_000), timeout=LIMIT, **how)
    assert np.array_equal(found, np.where(np.arange(10_000) % 2, -1, np.arange(10_000)))


def test_time_limits_in_virtual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORO2CUDA_VIRTUAL_CLOCK", "1")
    began = time.monotonic()
    assert run(given.hours(3), backend="cpu", threads=1, timeout=LIMIT) == 3
    assert time.monotonic() - began < LIMIT / 2


# --- under load ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", RUNS)
@pytest.mark.parametrize("coroutine", given.loads, ids=lambda one: one.__name__)
def test_nothing_is_lost_or_given_twice(coroutine: Any, how: dict[str, Any]) -> None:
    """Tasks give up at any moment, also as they are handed what they wait for."""
    counts = np.zeros(8, np.int64)
    assert run(coroutine(200, counts), timeout=LIMIT, **how) == 0, counts


@pytest.mark.parametrize("how", RUNS)
def test_a_deadlock_is_found_when_what_could_end_it_was_cancelled(how: dict[str, Any]) -> None:
    with pytest.raises(DeadlockError, match="Event"):
        run(given.nobody_is_left(1), timeout=LIMIT, **how)
