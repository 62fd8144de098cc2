"""`gather` as users call it: in coroutines on every backend, and in asyncio programs on the host."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from coro2cuda import atomic_add, f64, gather, gpu_async, i32, i64, reschedule, run

pytestmark = pytest.mark.parametrize("backend", ["cpu", "asyncio", pytest.param("cuda", marks=pytest.mark.gpu)])


@gpu_async
async def fib(n: i32) -> i32:
    if n < 2:
        return n
    a, b = await gather(fib(n - 1), fib(n - 2))
    return a + b


@gpu_async
async def size(low: i64, high: i64, tally: i64[:]) -> i64:
    """Counts its leaves twice: as a result and in an array."""
    if high - low > 1:
        middle = (low + high) // 2
        return sum(await asyncio.gather(size(low, middle, tally), size(middle, high, tally)))
    await reschedule()
    atomic_add(tally, 0, 1)
    return high - low


@gpu_async
async def half(x: f64) -> f64:
    await reschedule()
    return x / 2


@gpu_async
async def divide(a: int, b: int) -> int:
    await reschedule()
    return a // b


@gpu_async
async def mixed(n: int) -> tuple[int, float, i32]:
    quotient, (most, small) = await divide(n, 2), await pair(n)
    return quotient, most, small


@gpu_async
async def pair(n: int) -> tuple[float, i32]:
    return await gather(half(n), fib(i32(n)))


@gpu_async
async def failing(n: int) -> int:
    a, b = await gather(divide(n, n), divide(n, n - 3))
    return a + b


@pytest.mark.parametrize("n, expected", [(0, 0), (1, 1), (12, 144)])
def test_recursion(backend: str, n: int, expected: int) -> None:
    result = run(fib(n), backend=backend)
    assert result == expected and type(result) is np.int32


def test_many_root_tasks_gather_at_once(backend: str) -> None:
    found = fib.map(range(12), backend=backend)
    assert found.tolist() == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]


def test_all_children_run_once(backend: str) -> None:
    tally = np.zeros(1, np.int64)
    assert run(size(0, 1000, tally), backend=backend) == 1000
    assert tally.tolist() == [1000]


def test_different_coroutines(backend: str) -> None:
    result: Any = run(mixed(7), backend=backend)
    assert result == (3, 3.5, 13)
    assert [type(value) for value in result] == [int, float, np.int32]


def test_a_child_that_fails_stops_the_run(backend: str) -> None:
    with pytest.raises(ZeroDivisionError):
        run(failing(3), backend=backend)
    assert run(failing(4), backend=backend) == 5


def test_on_the_host(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORO2CUDA_BACKEND", backend)

    async def main() -> tuple[Any, Any]:
        return await gather(fib(5), divide(7, 2)), await asyncio.gather(fib(5), divide(7, 2))

    assert asyncio.run(main()) == ((5, 3), [5, 3])
