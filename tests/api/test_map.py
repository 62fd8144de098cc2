"""`map`: which arguments are given by element, what is checked, and the arrays that come back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from api_programs import captured, collatz, count, double, half, nothing, saturate, scatter, several, shift

from coro2cuda import each

pytestmark = pytest.mark.parametrize("backend", ["cpu", "asyncio", pytest.param("cuda", marks=pytest.mark.gpu)])


@pytest.mark.parametrize("elements", [range(1, 40), range(30, 0, -3), range(7, 8), np.arange(1, 90, dtype="i8")[::4]])
def test_ranges_and_arrays_go_by_element(backend: str, elements: Any) -> None:
    def steps(n: int) -> int:
        return 0 if n <= 1 else 1 + steps(n // 2 if n % 2 == 0 else 3 * n + 1)

    result = collatz.map(elements, backend=backend)
    assert result.dtype == np.int32 and result.tolist() == [steps(int(n)) for n in elements]


def test_more_tasks_than_a_launch_holds_at_once(backend: str) -> None:
    size = 100 if backend == "asyncio" else 100_000
    tally = np.zeros(7, "i8")
    count.map(range(size), tally, backend=backend)
    assert tally.tolist() == np.bincount(np.arange(size) % 7, minlength=7).tolist()


def test_tuples_come_back_as_tuples_of_arrays(backend: str) -> None:
    whole, (doubled, large) = several.map(range(5), np.linspace(0, 1, 5), backend=backend)
    assert whole.tolist() == [1, 2, 3, 4, 5] and whole.dtype == np.int32
    assert doubled.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0] and doubled.dtype == np.float64
    assert large.tolist() == [False] * 4 + [True] and large.dtype == np.bool_


def test_a_scalar_is_the_same_for_every_task(backend: str) -> None:
    _, (doubled, _) = several.map(range(3), 1.25, backend=backend)
    assert doubled.tolist() == [2.5] * 3


def test_nothing_comes_back_of_nothing(backend: str) -> None:
    assert nothing.map(range(4), backend=backend) is None


@pytest.mark.parametrize("elements", [range(0), range(5, 5), np.zeros(0, "i8"), each([])])
def test_no_elements(backend: str, elements: Any) -> None:
    result = collatz.map(elements, backend=backend)
    assert result.shape == (0,) and result.dtype == np.int32


@pytest.mark.parametrize(
    "elements, dtype",
    [(each([1, 2, 3]), "i8"), (each((0.5, 1.0)), "f8"), (each(range(3)), "i8"), (each(np.array([1, 2], "u2")), "u2")],
)
def test_each_for_parameters_without_annotation(backend: str, elements: Any, dtype: str) -> None:
    result = double.map(elements, backend=backend)
    assert result.dtype == dtype and result.tolist() == [2 * x for x in elements.values]


def test_elements_are_converted_where_nothing_is_lost(backend: str) -> None:
    assert half.map(range(4), backend=backend).tolist() == [0.0, 0.5, 1.0, 1.5]
    assert half.map(np.array([2, 4], "i2"), backend=backend).tolist() == [1.0, 2.0]
    assert saturate.map(np.array([4, 9], "i8"), backend=backend).tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda b: collatz.map(5, backend=b), TypeError, r"collatz.map: no argument says how many.*each\(xs\)"),
        (lambda b: several.map(range(3), np.zeros(4), backend=b), ValueError, r"different lengths \(n: 3, x: 4\)"),
        (lambda b: collatz.map(range(2**32 + 5), backend=b), ValueError, "takes at most 2147483648; split the range"),
        (lambda b: half.map(np.zeros(3), backend=b), TypeError, r"elements of type f32, got an array of float"),
        (lambda b: collatz.map(np.zeros(3), backend=b), TypeError, r"expected elements of type int, got .* float"),
        (
            lambda b: saturate.map(range(255, 258), backend=b),
            OverflowError,
            r"257, in range\(255, 258\), does not fit u8",
        ),
        (lambda b: saturate.map(np.array([-1]), backend=b), OverflowError, "from -1 to -1 do not fit u8"),
        (
            lambda b: collatz.map(np.zeros((2, 2), int), backend=b),
            TypeError,
            r"1-D arrays, this one has shape \(2, 2\)",
        ),
        (lambda b: double.map(each(5), backend=b), TypeError, "cannot be passed|1-D"),
        (lambda b: double.map(each(["a"]), backend=b), TypeError, "an array, a range or a list of numbers"),
        (lambda b: scatter.map(range(3), range(3), 1, backend=b), TypeError, "one number a task, it is i64"),
        (lambda b: collatz.map(range(3), 4, backend=b), TypeError, "too many positional arguments"),
    ],
)
def test_what_is_refused(backend: str, call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(backend)


# --- arrays passed whole ---------------------------------------------------------------------------------------------


def test_writes_reach_the_callers_array_whatever_its_strides(backend: str) -> None:
    base = np.zeros((4, 6), "i8")
    scatter.map(range(4), base[::-1, 1], 5, backend=backend)
    scatter.map(range(3), base[2, ::2], 7, backend=backend)
    expected = np.zeros((4, 6), "i8")
    expected[:, 1] += 5
    expected[2, ::2] += 7
    assert base.tolist() == expected.tolist()


def test_views_that_overlap_stay_one_memory(backend: str) -> None:
    base = np.arange(12)
    shift.map(range(5), base[:6], base[6:], backend=backend)
    assert base.tolist() == [0, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 11]
    same = np.arange(4)
    shift.map(range(4), same, same, backend=backend)
    assert same.tolist() == [1, 2, 3, 4]


def test_read_only_arrays_can_be_read(backend: str) -> None:
    source, target = np.arange(4), np.zeros(4, "i8")
    source.flags.writeable = False
    shift.map(range(4), source, target, backend=backend)
    assert target.tolist() == [1, 2, 3, 4]


def test_captured_arrays_and_numbers(backend: str) -> None:
    assert captured.map(range(10), backend=backend).tolist() == [3 * n for n in range(10)]


def test_a_rebound_number_is_seen(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import api_programs

    assert captured.map(range(3), backend=backend).tolist() == [0, 3, 6]
    monkeypatch.setattr(api_programs, "FACTOR", 5)
    monkeypatch.setattr(api_programs, "TABLE", np.array([10, 20, 30]))
    assert captured.map(range(3), backend=backend).tolist() == [50, 100, 150]


def test_without_grouping(backend: str) -> None:
    grouped, stats = collatz.map(range(1, 500), backend=backend, stats=True)
    plain, plain_stats = collatz.map(range(1, 500), backend=backend, stats=True, grouping=False)
    assert plain.tolist() == grouped.tolist()
    if backend != "asyncio":
        assert stats.resumes == int(grouped.sum()) and plain_stats.starts == 499


@pytest.mark.parametrize("shown", [False, True])
def test_the_progress_bar_is_on_stderr(backend: str, shown: bool, capsys: pytest.CaptureFixture[str]) -> None:
    collatz.map(range(100), backend=backend, progress=shown)
    found = capsys.readouterr()
    assert found.out == "" and ("100/100" in found.err) == shown
