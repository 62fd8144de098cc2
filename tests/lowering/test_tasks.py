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


# --- tasks that are awaited by name, in groups and in lists


@coroutine
async def squared(i: int, x: float) -> tuple[int, float]:
    for _ in range(i % 3):
        await reschedule()
    return i * i, x + i


@coroutine
async def first_of(task, turns: int) -> int:
    for _ in range(turns):
        await reschedule()
    found, _ = await task
    return found


@program((3,), (0,))
async def awaited_by_several(n: int) -> float:
    """Before and after it is done, twice, and by others at the same time."""
    task = create_task(squared(n, 0.5))
    a, b = await gather(first_of(task, 0), first_of(task, 5))
    c, x = await task
    return a * 100 + b * 10 + c + x + task.done()


@program((5,), (0,))
async def replaced_in_its_name(n: int) -> int:
    """Some of the tasks that a name stood for are awaited by nobody."""
    task, total = create_task(squared(7, 0.0)), 0
    for i in range(n):
        task = create_task(squared(i, 0.0))
        if i % 2:
            total += (await task)[0]
    return total + (await task)[0]


@coroutine
async def whole(i: int) -> int:
    await reschedule()
    return i * 3 - 1


@program((numpy.zeros(6, int), 6), (numpy.zeros(1, int), 0))
async def a_group_with_tasks_in_names_and_in_a_loop(out, n: int) -> int:
    async with asyncio.TaskGroup() as group:
        kept = group.create_task(whole(n))
        for i in range(n):
            group.create_task(mark(i, out))
    return await kept + int(kept.done()) * 100


@program((7,), (1,), (0,))
async def a_list_of_tasks(n: int) -> int:
    tasks = [create_task(whole(i)) for i in range(n)]
    total = 0
    for task in tasks:
        total = total * 3 + await task
    results = await gather(*tasks)
    return total + len(tasks) * 1000 + sum(results) * 7 + sum(await gather(*tasks))


@program((20,), (1,), (0,))
async def a_list_that_grows(n: int) -> int:
    tasks = []
    for i in range(n):
        tasks.append(create_task(whole(i)))
        if i % 2:
            tasks.append(tasks[0])
    total = 0
    for task in tasks:
        total = total * 3 + await task
    return total + len(tasks) * 1000 + sum(await gather(*tasks))


@program((9,), (1,))
async def a_list_of_results(n: int) -> int:
    results = await gather(*[whole(i) for i in range(n)])
    total = 0
    for result in results:
        total = total * 5 + result
        await reschedule()
    return total + results[n // 2] + results[-1] * len(results)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "function" in metafunc.fixturenames:
        metafunc.parametrize("function, arguments", program)
