"""Exceptions as users meet them: on every backend the same class, arguments, cause and traceback."""

from __future__ import annotations

import traceback
import weakref

import numpy as np
import pytest

from coro2cuda import gather, gpu_async, i32, reschedule, run
from coro2cuda.runtime.errors import ErrorPoolExhausted

BACKENDS = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
ALL = ["asyncio", *BACKENDS]


class Refused(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code


def inverse(n: int) -> int:
    return 100 // n


@gpu_async
async def leaf(n: int) -> int:
    await reschedule()
    if n > 50:
        raise Refused(n, f"{n} is over {n - 1}")
    return inverse(n)


@gpu_async
async def branch(n: int) -> int:
    a, b = await gather(leaf(n), leaf(5))
    return a + b


@gpu_async
async def chain(n: int, depth: int) -> int:
    if depth == 0:
        return await branch(n)
    return await chain(n, depth - 1)


@gpu_async
async def caused(n: int) -> int:
    try:
        return await leaf(n)
    except ZeroDivisionError as e:
        raise KeyError(n) from e
    except Refused:
        raise LookupError("gone")  # noqa: B904


@gpu_async
async def handled(n: int) -> int:
    try:
        return await chain(n, 2)
    except ZeroDivisionError:
        return -1
    except Refused:
        return -2
    finally:
        await reschedule()


@gpu_async
async def spins(n: int) -> int:
    while n > 0:
        await reschedule()
    return n


@gpu_async
async def one_spins(n: int) -> int:
    a, b = await gather(spins(1), leaf(n))
    return a + b


@gpu_async
async def without_result(a: i32[:], i: i32) -> None:
    await reschedule()
    a[i] += 1


@gpu_async
async def many_at_once(n: int) -> int:
    """Holds an exception across suspensions."""
    try:
        return inverse(n)
    except ZeroDivisionError:
        for _ in range(50):
            await reschedule()
        return 1


def lines(error: BaseException) -> list[tuple[str, str]]:
    found = traceback.extract_tb(error.__traceback__)
    return [(entry.name, entry.line or "") for entry in found if entry.filename == __file__][1:]


@pytest.mark.parametrize("backend", ALL)
def test_the_traceback_is_the_chain_of_awaits(backend: str) -> None:
    with pytest.raises(Refused) as caught:
        run(chain(60, 2), backend=backend)
    assert (caught.value.args, caught.value.code) == ((60, "60 is over 59"), 60)
    recursion = ("chain", "return await chain(n, depth - 1)")
    assert lines(caught.value) == [
        recursion, recursion, ("chain", "return await branch(n)"), ("branch", "a, b = await gather(leaf(n), leaf(5))"),
        ("leaf", 'raise Refused(n, f"{n} is over {n - 1}")'),
    ]  # fmt: skip


@pytest.mark.parametrize("backend", ALL)
def test_calls_of_helpers_are_in_it(backend: str) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run(leaf(0), backend=backend)
    assert lines(caught.value) == [("leaf", "return inverse(n)"), ("inverse", "return 100 // n")]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_long_chain_is_cut_in_the_middle(backend: str) -> None:
    with pytest.raises(Refused) as caught:
        run(chain(60, 100), backend=backend)
    assert lines(caught.value)[-1][0] == "leaf" and lines(caught.value)[0][0] == "chain"
    assert any("calls between" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("backend", ALL)
def test_cause_and_context(backend: str) -> None:
    with pytest.raises(KeyError) as caught:
        run(caused(0), backend=backend)
    assert caught.value.args == (0,) and type(caught.value.__cause__) is ZeroDivisionError
    assert lines(caught.value) == [("caused", "raise KeyError(n) from e")]
    with pytest.raises(LookupError) as other:
        run(caused(60), backend=backend)
    assert other.value.__cause__ is None and not other.value.__suppress_context__
    assert isinstance(other.value.__context__, Refused) and other.value.__context__.args[0] == 60


@pytest.mark.parametrize("backend", ALL)
@pytest.mark.parametrize("n, expected", [(0, -1), (60, -2), (50, 22), (4, 45)])
def test_handled(backend: str, n: int, expected: int) -> None:
    assert run(handled(n), backend=backend) == expected


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("grouping", [True, False])
def test_handled_in_many_tasks(backend: str, grouping: bool) -> None:
    found = handled.map(np.arange(20_000) % 64, backend=backend, grouping=grouping)
    expected = [-1 if n == 0 else -2 if n > 50 else 100 // n + 20 for n in range(64)]
    assert found.tolist() == [expected[n % 64] for n in range(20_000)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_failure_that_nobody_handles_stops_a_sibling_that_never_ends(backend: str) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run(one_spins(0), backend=backend, timeout=60)
    assert [name for name, _ in lines(caught.value)] == ["one_spins", "leaf", "inverse"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_root_task_is_told(backend: str) -> None:
    with pytest.raises(Refused) as caught:
        leaf.map(np.array([1, 2, 3, 70, 4]), backend=backend)
    assert caught.value.root_index == 3
    assert caught.value.__notes__ == [f"raised by a task of leaf on the {backend} backend, root task 3 of 5"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_errors_that_are_kept_keep_nothing_of_the_run(backend: str):
    results, errors = leaf.map(np.array([1, 0, 60, 4]), backend=backend, return_exceptions=True)
    given_back = weakref.ref(results)
    del results
    assert given_back() is None
    for error in errors:
        assert all(frame.f_back is None for frame, _ in traceback.walk_tb(error and error.__traceback__))
    reference = weakref.ref(errors[2])
    del error, errors
    assert reference() is None, "an error is part of a cycle"


@pytest.mark.parametrize("backend", ALL)
def test_exceptions_as_results(backend: str) -> None:
    results, errors = leaf.map(np.array([1, 0, 60, 4]), backend=backend, return_exceptions=True)
    assert results.tolist() == [100, 0, 0, 25] and results.dtype == np.int64
    assert [type(error) for error in errors] == [type(None), ZeroDivisionError, Refused, type(None)]
    assert errors[2].args == (60, "60 is over 59") and errors[2].root_index == 2
    results, errors = leaf.map(np.array([1, 4]), backend=backend, return_exceptions=True)
    assert results.tolist() == [100, 25] and not errors.astype(bool).any()


@pytest.mark.parametrize("backend", ALL)
def test_exceptions_of_tasks_without_results(backend: str) -> None:
    a = np.zeros(4, np.int32)
    results, errors = without_result.map(a, range(6), backend=backend, return_exceptions=True)
    assert results is None and a.tolist() == [1] * 4
    assert [isinstance(error, IndexError) for error in errors] == [False] * 4 + [True] * 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_more_exceptions_than_records(backend: str) -> None:
    n = np.zeros(300, int)
    assert many_at_once.map(n, backend=backend).sum() == 300
    with pytest.raises(ErrorPoolExhausted, match="max_errors=4"):
        handled_many = many_at_once.map(np.zeros(100_000, int), backend=backend, max_errors=2, threads=8)
        assert handled_many.sum() == 100_000


@pytest.mark.parametrize("backend", BACKENDS)
def test_records_are_used_again(backend: str) -> None:
    assert handled.map(np.zeros(30_000, int), backend=backend).sum() == -30_000
