"""Stopping a run that would not end: `timeout=`, Ctrl-C, cancellation; and the next run works."""

from __future__ import annotations

import asyncio
import time
import traceback
from pathlib import Path
from typing import Any

import pytest
from api_programs import collatz, forever, forever_forking, forever_suspending
from interrupts import LOST, POSIX, interrupt

from coro2cuda import run

BACKENDS = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
ENDLESS = [forever, forever_suspending, forever_forking]


@pytest.fixture(autouse=True)
def _compiled(request: pytest.FixtureRequest) -> None:
    """Compile beforehand, so that only the run is timed."""
    backend = request.getfixturevalue("backend")
    for coroutine in ENDLESS:
        run(coroutine(-1), backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "coroutine, grouping",
    [(forever, True), (forever_suspending, True), (forever_forking, True), (forever, False)],
)
def test_timeout(backend: str, coroutine: Any, grouping: bool) -> None:
    started = time.perf_counter()
    with pytest.raises(TimeoutError, match=r"stopped after timeout=0\.1 s"):
        coroutine.map(range(1000), backend=backend, timeout=0.1, grouping=grouping)
    assert time.perf_counter() - started < 2
    assert run(collatz(27), backend=backend) == 111


@pytest.mark.parametrize("backend", ["asyncio"])
def test_timeout_under_asyncio_needs_an_await(backend: str) -> None:
    with pytest.raises(TimeoutError, match=r"timeout=0\.1 s"):
        run(forever_suspending(1), backend=backend, timeout=0.1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("coroutine", ENDLESS)
@POSIX
@LOST
def test_control_c(backend: str, coroutine: Any) -> None:
    started = time.perf_counter()
    caught = interrupt(lambda: run(coroutine(1), backend=backend), 0.2)
    files = [Path(entry.filename).name for entry in traceback.extract_tb(caught.value.__traceback__)]
    assert not {"cpu.py", "cuda.py", "backend.py", "execution.py"} & set(files)
    assert time.perf_counter() - started < 2
    assert run(collatz(27), backend=backend) == 111


@pytest.mark.parametrize("backend", BACKENDS)
def test_cancelling_the_awaiting_task_stops_the_run(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORO2CUDA_BACKEND", backend)

    async def main() -> int:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(forever_suspending(1), 0.1)
        return await collatz(27)  # type: ignore[no-any-return]

    assert asyncio.run(main()) == 111
