"""Awaiting a call in an asyncio program: it runs on the chosen backend and the event loop goes on."""

from __future__ import annotations

import asyncio
import time

import pytest
from api_programs import collatz, divide, forever_suspending

pytestmark = pytest.mark.parametrize("backend", ["cpu", "asyncio", pytest.param("cuda", marks=pytest.mark.gpu)])


@pytest.fixture(autouse=True)
def _chosen(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORO2CUDA_BACKEND", backend)


def test_await(backend: str) -> None:
    async def main() -> int:
        return await collatz(27)

    assert asyncio.run(main()) == 111


def test_a_call_is_a_coroutine_for_asyncio(backend: str) -> None:
    assert asyncio.run(collatz(27)) == 111

    async def main() -> list[int]:
        task = asyncio.create_task(collatz(27))
        return [*await asyncio.gather(collatz(1), collatz(2), collatz(3)), await task]

    assert asyncio.run(main()) == [0, 1, 7, 111]


def test_errors(backend: str) -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await divide(1, 0)
        with pytest.raises(TypeError, match="'a': expected int"):
            await divide(1.5)
        call = divide(4)
        assert await call == 2
        with pytest.raises(RuntimeError, match="already awaited"):
            await call

    asyncio.run(main())


def test_the_event_loop_goes_on(backend: str) -> None:
    async def main() -> int:
        ticks = 0
        task = asyncio.create_task(forever_suspending(1))
        started = time.perf_counter()
        while time.perf_counter() - started < 0.3:
            await asyncio.sleep(0.01)
            ticks += 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return ticks

    assert asyncio.run(main()) >= 5
