"""The correctness equation on programs that wait for each other, and the same programs on all backends."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from equation import by_cpython, check, observed
from sync_programs import program

from coro2cuda import gpu_async, run
from coro2cuda.runtime import trials


@pytest.mark.parametrize("function, arguments", program)
def test_waiting_means_what_it_means_in_cpython_in_every_schedule(function: Any, arguments: Any) -> None:
    check(function, arguments, seeds=4)


def on_backend(arguments: list[Any], function: Any, **how: Any) -> Any:
    compiled = gpu_async(function)
    try:
        return run(compiled(*arguments), timeout=20, **how)
    except Exception as error:
        error.site = None  # type: ignore[attr-defined]
        raise


@pytest.mark.parametrize("threads, wide_frames", [(1, ""), (2, "1"), (8, "")])
@pytest.mark.parametrize("function, arguments", program)
def test_cpu(
    function: Any, arguments: Any, threads: int, wide_frames: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(trials.WIDE_FRAMES, wide_frames)
    expected = observed(by_cpython, arguments, function)
    found = observed(lambda given, f: on_backend(given, f, backend="cpu", threads=threads), arguments, function)
    assert found == expected


@pytest.mark.gpu
@pytest.mark.parametrize("function, arguments", program)
def test_cuda(function: Any, arguments: Any) -> None:
    expected = observed(by_cpython, copy.deepcopy(arguments), function)
    assert observed(lambda given, f: on_backend(given, f, backend="cuda"), arguments, function) == expected
