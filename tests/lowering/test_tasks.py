"""The correctness equation (`equation`) on programs that begin tasks."""

from __future__ import annotations

import asyncio

import numpy
import pytest
from equation import Programs, check, coroutine

from coro2cuda.frontend.builtins import atomic_add, create_task, gather, reschedule

program = Programs()


def test_tasks_mean_what_they_mean_in_cpython_in_every_schedule(function, arguments):
    check(function, arguments, seeds=4)


# --- tasks that nobody awaits


@coroutine
async def mark(i: int, out) -> None:
    for turn in range(i % 3):
        await reschedule()
        atomic_add(out, i, turn)
    atomic_add(out, i, 10)


@program((numpy.zeros(7, int),), (numpy.zeros(1, int),))
async def one_a_turn_of_a_loop(out) -> int:
    n = 0
    for i in range(len(out)):
        create_task(mark(i, out))
        n += i
    return n


@program((5, numpy.zeros(1, int)), (0, numpy.zeros(1, int)))
async def tasks_that_begin_tasks(n: int, out) -> None:
    if n > 0:
        asyncio.create_task(tasks_that_begin_tasks(n - 1, out))  # noqa: RUF006
        create_task(tasks_that_begin_tasks(n - 2, out))
    atomic_add(out, 0, 1)


@coroutine
async def begins_some(n: int, out) -> int:
    """A coroutine that may be through before it suspends."""
    if n % 2 == 0:
        create_task(mark(n, out))
    return n * 2


@program((numpy.zeros(9, int),))
async def begun_by_what_is_awaited(out) -> int:
    total = 0
    for i in range(len(out)):
        total += await begins_some(i, out) + await begins_some(0, out)
    a, b = await gather(begins_some(2, out), begins_some(3, out))
    return total * 100 + a * 10 + b


@coroutine
async def adds(value: float, whole: bool, pair: tuple[int, float], out) -> float:
    await reschedule()
    atomic_add(out, 0, value + pair[1] if whole else pair[0] * 0.5)
    return value


@program((3, numpy.zeros(1)),)
async def arguments_of_all_kinds(n: int, out) -> float:
    x = n * 0.5
    create_task(adds(x, n > 2, (n, x), out))
    x += 1.0
    create_task(adds(value=x, whole=False, pair=(n + 1, 0.25), out=out))
    n = 7
    return x + n


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "function" in metafunc.fixturenames:
        metafunc.parametrize("function, arguments", program)
