"""`run`: one root task, its result as a Python value, its errors as the user's own."""

from __future__ import annotations

import asyncio
import re
import traceback
import warnings
from typing import Any

import api_programs as programs
import numpy as np
import pytest
from api_programs import check, collatz, depth, divide, double, fib, half, nothing, refused, say, several, total

from coro2cuda import BackendUnavailable, CompileError, FramePoolExhausted, run
from coro2cuda.runtime import backend as backends

pytestmark = pytest.mark.parametrize("backend", ["cpu", "asyncio", pytest.param("cuda", marks=pytest.mark.gpu)])


def test_a_result(backend: str) -> None:
    result = run(collatz(27), backend=backend)
    assert result == 111 and type(result) is np.int32, "an i32 comes back as NumPy's"


@pytest.mark.parametrize("n, expected", [(0, 0), (1, 1), (2, 1), (15, 610)])
def test_recursion(backend: str, n: int, expected: int) -> None:
    assert run(fib(n), backend=backend) == expected


def test_int_float_and_bool_come_back_as_pythons(backend: str) -> None:
    result = run(several(3, 1.5), backend=backend)
    assert result == (4, (3.0, False))
    assert [type(value) for value in (result[0], *result[1])] == [np.int32, float, bool]
    assert type(run(divide(7), backend=backend)) is int


def test_no_result(backend: str) -> None:
    assert run(nothing(1), backend=backend) is None


def test_defaults_and_keywords(backend: str) -> None:
    assert run(divide(-7), backend=backend) == -4
    assert run(divide(b=-3, a=7), backend=backend) == -3
    assert run(programs.scaled(2, by=5), backend=backend) == 11
    assert run(programs.scaled(2), backend=backend) == 7


@pytest.mark.parametrize(
    "value, expected",
    [(2, int), (2.5, float), (np.float32(2.5), np.float32), (np.uint8(200), np.uint8), (np.int64(5), int)],
)
def test_unannotated_parameters_take_the_type_of_the_argument(backend: str, value: Any, expected: type) -> None:
    result = run(double(value), backend=backend)
    with np.errstate(over="ignore"):
        assert result == value + value and type(result) is expected


def test_an_int_goes_to_a_declared_float(backend: str) -> None:
    assert run(half(3), backend=backend) == 1.5


@pytest.mark.parametrize(
    "array",
    [np.arange(6.0), np.arange(12.0)[::-2], np.arange(6.0)[:0], np.broadcast_to(np.float64(2), (5,))],
    ids=["plain", "strided", "empty", "read-only"],
)
def test_arrays(backend: str, array: Any) -> None:
    assert run(total(array), backend=backend) == array.sum()


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: half("x"), TypeError, "'x': str cannot be passed"),
        (lambda: fib(2.0), TypeError, r"'n': expected i32, got float \(2.0\); round it yourself"),
        (lambda: fib(2**31), OverflowError, "'n': 2147483648 does not fit i32"),
        (lambda: several(1, True), None, ""),
        (lambda: fib(np.arange(3)), TypeError, r"'n': expected i32, got i64\[:\]; map gives each element"),
        (lambda: programs.scatter(1, np.zeros(3), 1), TypeError, r"'a': expected i64\[:\], got f64\[:\]; array.astype"),
        (lambda: programs.scatter(1, np.zeros((3, 3), int), 1), TypeError, r"expected i64\[:\], got i64\[:, :\]$"),
        (lambda: programs.scatter(1, 5, 1), TypeError, r"'a': expected i64\[:\], got int \(5\)"),
    ],
)
def test_arguments_are_checked_against_annotations(backend: str, call: Any, error: Any, message: str) -> None:
    if error is None:
        assert run(call(), backend=backend) == (2, (2.0, False))
        return
    with pytest.raises(error, match=message):
        run(call(), backend=backend)


def test_calls_are_bound_as_python_binds_them(backend: str) -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'n'"):
        fib()
    with pytest.raises(TypeError, match=r"fib\(\) too many positional arguments"):
        fib(1, 2)


@pytest.mark.parametrize(
    "call, error, line",
    [(lambda: divide(1, 0), ZeroDivisionError, "return a // b"), (lambda: check(0), AssertionError, "assert n > 0")],
)
def test_a_tasks_error_has_the_users_line(backend: str, call: Any, error: type[Exception], line: str) -> None:
    with pytest.raises(error) as caught:
        run(call(), backend=backend)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert last.filename == programs.__file__ and line in (last.line or "")


@pytest.mark.parametrize("call", [lambda: divide(1, 0), lambda: refused(1)])
def test_no_file_of_ours_but_the_public_call_is_in_a_traceback(backend: str, call: Any) -> None:
    if backend == "asyncio":
        pytest.skip("here the user's frames run under asyncio's")
    with pytest.raises((ZeroDivisionError, CompileError)) as caught:
        run(call(), backend=backend)
    files = [entry.filename for entry in traceback.extract_tb(caught.value.__traceback__)]
    ours = [file for file in files if "/coro2cuda/" in file or "/runtime/" in file or "/lowering/" in file]
    assert [file.rpartition("/")[2] for file in ours if "/tests/" not in file] == ["api.py"]


def test_recursion_deeper_than_the_pool_says_the_size_to_set(backend: str) -> None:
    if backend == "asyncio":
        pytest.skip("frames are CPython's here")
    message = r"all \d+ frames of the pool .* of depth; give more: max_tasks=\d+"
    with pytest.raises(FramePoolExhausted, match=message) as caught:
        run(depth(100_000), backend=backend, max_tasks=64)
    size = re.search(r"max_tasks=(\d+)", str(caught.value))
    assert size is not None and run(depth(20), backend=backend, max_tasks=int(size[1])) == 20


def test_after_a_failed_run_the_next_works(backend: str) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            run(divide(1, 0), backend=backend)
        assert run(divide(9, 2), backend=backend) == 4


def test_numbers_of_all_widths_print_alike(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(programs.tell(0.1, (3, 0.25)), backend=backend)
    assert capsys.readouterr().out == "0.1 (3, 0.25) (0.1,) 0.1 of (3, 0.25)\n"


def test_print(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(say(-3, 0.1), backend=backend)
    assert capsys.readouterr().out == "n is -3 and x 0.1\n"


def test_statistics(backend: str) -> None:
    result, stats = run(collatz(27), backend=backend, stats=True)
    assert result == 111 and stats.backend == backend and stats.tasks == 1
    if backend != "asyncio":
        assert stats.resumes == stats.lanes == 111 and stats.groups == 111
        assert "resumes by state" in str(stats) and "api_programs.py:" in str(stats)


def test_only_calls_can_be_run(backend: str) -> None:
    with pytest.raises(TypeError, match=r"run takes a call: run\(fib\(...\)\), not run\(fib\)"):
        run(fib, backend=backend)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not int"):
        run(5, backend=backend)  # type: ignore[arg-type]

    async def plain() -> None: ...

    with pytest.raises(TypeError, match="plain is not"):
        run(plain(), backend=backend)  # type: ignore[arg-type]


def test_a_call_is_run_once(backend: str) -> None:
    call = fib(3)
    assert run(call, backend=backend) == 2
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine 'fib'"):
        run(call, backend=backend)


def test_a_call_that_is_dropped_warns(backend: str) -> None:
    with pytest.warns(RuntimeWarning, match="coroutine 'fib' was never awaited"):
        fib(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fib(3).close()


def test_run_within_an_event_loop(backend: str) -> None:
    async def main() -> None:
        run(fib(3), backend=backend)

    with pytest.raises(RuntimeError, match="cannot be called from a running event loop; write `await f"):
        asyncio.run(main())


@pytest.mark.parametrize(
    "options, message",
    [
        ({"timeout": 0}, "timeout=0: expected seconds"),
        ({"max_tasks": 0}, "max_tasks=0: expected a positive int"),
        ({"threads": 1.5}, "threads=1.5: expected a positive int"),
        ({"timeout": "1"}, "timeout='1': expected seconds"),
        ({"grouping": "no"}, "grouping='no': expected True or False"),
        ({"stats": 2}, "stats=2: expected True or False"),
    ],
)
def test_options_are_checked(backend: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        run(fib(3), backend=backend, **options)


def test_the_backend_from_the_environment(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORO2CUDA_BACKEND", backend)
    _, stats = run(fib(3), stats=True)
    assert stats.backend == backend


def test_an_unknown_backend(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="backend='gpu': no such backend; choose one of 'cuda', 'cpu', 'asyncio'"):
        run(fib(3), backend="gpu")
    monkeypatch.setenv("CORO2CUDA_BACKEND", "tpu")
    with pytest.raises(ValueError, match="CORO2CUDA_BACKEND='tpu'"):
        run(fib(3))


def test_a_backend_that_cannot_run_here(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends.instance("cuda"), "unavailable", lambda: "no driver; install one", raising=False)
    with pytest.raises(BackendUnavailable, match="the cuda backend cannot run here: no driver; install one"):
        run(fib(3), backend="cuda")
    assert backends.choose() == "cpu"
