"""Tasks by name, in groups and in lists, and lists of results: every backend, many threads, nothing leaked."""

from __future__ import annotations

import asyncio
import os

import numpy as np
import pytest
from ptx import ptx_of

from coro2cuda import (
    Event,
    HeapExhausted,
    TaskGroup,
    atomic_add,
    create_task,
    gather,
    gpu_async,
    i32,
    i64,
    reschedule,
    run,
)
from coro2cuda.lowering.program import Argument
from coro2cuda.runtime import trials

COMPILED = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
BACKENDS = ["asyncio", *COMPILED]
THREADS = [pytest.param("cpu", count, id=f"cpu-{count}") for count in (1, 2, 8)]


@gpu_async
async def square(i: int, x: int) -> int:
    for _ in range(i % 3):
        await reschedule()
    return i * i + x


@gpu_async
async def half(i: int) -> float:
    await reschedule()
    return i * 0.5


@gpu_async
async def pair(i: int) -> tuple[int, float]:
    await reschedule()
    return i, i * 0.25


@gpu_async
async def mark(i: int, out: i32[:]) -> None:
    await reschedule()
    atomic_add(out, i, 1)


# --- by name


@gpu_async
async def by_name(n: int) -> int:
    a, b = create_task(square(n, 1)), asyncio.create_task(square(n + 1, 2))
    c = create_task(pair(n))
    total = await a * 100 + await b + await a
    i, x = await c
    if a.done() and c.done():
        total += 1_000_000
    return total + i + int(x * 4)


@gpu_async
async def awaited_at_once(n: int) -> int:
    return await create_task(square(n, 0)) + await create_task(square(n, 1))


@gpu_async
async def fib(n: int) -> int:
    if n < 2:
        return n
    later = create_task(fib(n - 1))
    return await fib(n - 2) + await later


@gpu_async
async def waits_for(task, x: int) -> int:
    return await task + x


@gpu_async
async def given_to_others(n: int) -> int:
    """A task that several others await, at the same time and after it is done."""
    task = create_task(square(n, 5))
    a, b = await gather(waits_for(task, 1), waits_for(task, 2))
    return a * 1000 + b + await waits_for(task, 3)


@gpu_async
async def replaced(n: int) -> int:
    """A name that stands for one task after the other, some of which nobody awaits."""
    task = create_task(square(0, 0))
    total = 0
    for i in range(n):
        task = create_task(square(i, 1))
        if i % 2:
            total += await task
    return total + await task


@gpu_async
async def results_of_a_group(n: int, out: i32[:]) -> tuple[int, float]:
    async with TaskGroup() as group:
        first, second = group.create_task(square(n, 1)), group.create_task(pair(n))
        nothing = group.create_task(mark(0, out))
        others = [group.create_task(square(i, 2)) for i in range(n)]
    nothing.result()
    total = first.result() * 100 + others[n - 1].result()
    for task in others:
        total += task.result() + first.result()
    i, x = second.result()
    return total + i, x


@gpu_async
async def first_result(first: Event, second: Event) -> int:
    """Of a task that cannot be done before both are set."""
    task = create_task(waits_for_both(first, second))
    first.set()
    x = task.result()
    second.set()
    return x


@gpu_async
async def waits_for_both(first: Event, second: Event) -> int:
    await first.wait()
    await second.wait()
    return 1


@gpu_async
async def result_in_time(n: int) -> int:
    first, second = Event(), Event()
    code = 0
    try:
        code = await first_result(first, second)
    except asyncio.InvalidStateError:
        second.set()
        code += 10
    return code


@gpu_async
async def result_for_ever(n: int) -> int:
    task = create_task(square(n, 0))
    total = await task
    while total != -1:
        total = task.result()
    return total


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [1, 4, 20])
def test_the_results_of_tasks_that_are_done(backend: str, n: int):
    out = np.zeros(1, np.int32)
    total, x = run(results_of_a_group(n, out), backend=backend)
    squares = [i * i + 2 for i in range(n)]
    assert total == (n * n + 1) * (100 + n) + squares[-1] + sum(squares) + n
    assert x == n * 0.25 and out[0] == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_task_that_is_not_done_has_no_result(backend: str):
    assert run(result_in_time(1), backend=backend) == 10
    with pytest.raises(asyncio.InvalidStateError, match=r"Result is not set\."):
        run(first_result(Event(), Event()), backend=backend, timeout=60)


@pytest.mark.parametrize("backend", COMPILED)
def test_a_loop_that_reads_a_result_for_ever_can_be_stopped(backend: str):
    with pytest.raises(TimeoutError):
        run(result_for_ever(2), backend=backend, timeout=0.3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_task_by_name(backend: str):
    assert run(by_name(3), backend=backend) == (10 * 100 + 18 + 10) + 1_000_000 + 3 + 3
    assert run(awaited_at_once(4), backend=backend) == 33
    assert run(given_to_others(4), backend=backend) == 22 * 1000 + 23 + 24
    assert run(replaced(7), backend=backend) == sum(i * i + 1 for i in range(1, 7, 2)) + 37
    assert run(replaced(0), backend=backend) == 0


@pytest.mark.parametrize("backend", COMPILED)
def test_recursion_through_tasks(backend: str):
    known = [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610]
    assert list(fib.map(range(16), backend=backend)) == known
    assert run(fib(18), backend=backend, timeout=60) == 2584


@pytest.mark.parametrize("backend, threads", THREADS)
def test_any_number_of_threads(backend: str, threads: int):
    for _ in range(3):
        assert run(fib(16), backend=backend, threads=threads, timeout=60) == 987


# --- groups


@gpu_async
async def in_a_group(n: int, out: i32[:]) -> int:
    async with TaskGroup() as group:
        first = group.create_task(square(n, 0))
        for i in range(n):
            group.create_task(mark(i, out))
    done = 0
    for i in range(n):
        done += out[i]
    return done * 100 + await first


@gpu_async
async def groups_in_groups(depth: int, out: i32[:]) -> None:
    async with asyncio.TaskGroup() as group:
        if depth > 0:
            group.create_task(groups_in_groups(depth - 1, out))
            group.create_task(groups_in_groups(depth - 1, out))
    atomic_add(out, depth, 1)


@gpu_async
async def left_early(n: int, out: i32[:]) -> int:
    """The group is waited for on every way out."""
    for i in range(n):
        async with TaskGroup() as group:
            group.create_task(mark(i, out))
            if i % 3 == 0:
                continue
            if i == 5:
                return i
            if i == 7:
                break
    return -1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_group_ends_when_its_tasks_have_ended(backend: str):
    out = np.zeros(20, np.int32)
    assert run(in_a_group(20, out), backend=backend) == 20 * 100 + 400
    out[:] = 0
    run(groups_in_groups(6, out), backend=backend)
    assert list(out[:7]) == [64, 32, 16, 8, 4, 2, 1]
    out[:] = 0
    assert run(left_early(9, out), backend=backend) == 5
    assert list(out[:7]) == [1, 1, 1, 1, 1, 1, 0]


# --- lists


@gpu_async
async def total_of(values: i64[:]) -> int:
    total = 0
    for value in values:
        total += value
        await reschedule()
    return total


def first_and_last(values) -> int:
    return values[0] * 10 + values[-1]


@gpu_async
async def squares(n: int):
    return await gather(*[square(i, 1) for i in range(n)])


@gpu_async
async def uses_results(n: int) -> int:
    results = await gather(*[square(i, 0) for i in range(n)])
    total = sum(results) * 10 + len(results) + results[-1]
    for result in results:
        total += result
        await reschedule()
    kept = await squares(n + 2)
    results = kept
    return total + await total_of(results) + first_and_last(kept) + results[n]


@gpu_async
async def floats_in_order(n: int) -> float:
    return sum(await gather(*[half(i) for i in range(n)]))


@gpu_async
async def appended(n: int) -> int:
    """A list that grows; its earlier elements are where they were, for who has it as an array."""
    tasks = []
    for i in range(n):
        if i % 3 != 1:
            tasks.append(create_task(square(i, 2)))
    one = create_task(square(n, 1))
    tasks.append(one)
    for at in range(len(tasks)):
        if at % 5 == 0:
            tasks.append(tasks[at])
    total = len(tasks) + sum(await gather(*tasks))
    for task in tasks:
        total = total * 3 % 1000003 + await task
    tasks = []
    return total + len(tasks) + await one


@gpu_async
async def declared_and_appended(n: int) -> int:
    """What it holds is known from the start, as type checkers want it said; its tasks are counted."""
    tasks: list[asyncio.Task[int]] = []
    if n > 100:
        tasks.append(create_task(square(0, 1)))
    total = len(tasks)
    for task in tasks:
        total += await task
    for i in range(n):
        tasks.append(create_task(square(i, 1)))
    for i, task in enumerate(tasks):
        total += i * await task
    found: list[int] = await gather(*tasks)
    for i, x in enumerate(found, 1):
        total += i * x
    more: "list[asyncio.Task[int]]" = [create_task(square(i, 2)) for i in range(n)]  # noqa: UP037
    return total + sum(found) + sum(await gather(*more))


@gpu_async
async def appended_to_in_a_group(n: int) -> int:
    tasks = []
    async with TaskGroup() as group:
        for i in range(n):
            tasks.append(group.create_task(square(i, 1)))
        await reschedule()
        tasks.append(group.create_task(square(n, 2)))
    total = 0
    for task in tasks:
        total += task.result()
    return total + len(tasks)


@gpu_async
async def appended_to_in_a_branch(n: int) -> int:
    """What the list holds is known only behind the first uses of it."""
    if n % 2:
        tasks = []
    else:
        tasks = [create_task(square(i, 0)) for i in range(n)]
    while len(tasks) < n + 3:
        tasks.append(create_task(square(n, 1)))
    return sum(await gather(*tasks))


@gpu_async
async def appended_to_itself(n: int):
    """What the list holds is known once the coroutine's own result is."""
    tasks = []
    for i in range(n % 6):
        tasks.append(create_task(appended_to_itself(i)))
    if n == 0:
        return 1
    return sum(await gather(*tasks)) + n


@gpu_async
async def list_of_tasks(n: int) -> int:
    tasks = [create_task(square(i, 2)) for i in range(n)]
    total = 0
    for task in tasks:
        total = total * 3 + await task
    results = await gather(*tasks)
    async with TaskGroup() as group:
        others = [group.create_task(half(i)) for i in range(n)]
    await gather(*others)
    for i in range(n):
        total += int(others[i].done())
    if n > 2:
        total += int(await others[2] * 2)
    return total + len(tasks) + sum(await gather(*tasks)) + sum(results)


@gpu_async
async def makes_lists_for_ever(n: int) -> int:
    total = 0
    for turn in range(n):
        results = await gather(*[square(i, turn) for i in range(40)])
        tasks = [create_task(square(i, 2)) for i in range(20)]
        total += results[turn % 40] + await tasks[turn % 20]
    return total


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [1, 4, 5, 70])
def test_a_list_of_results(backend: str, n: int):
    squared = [i * i for i in range(n)]
    longer = [i * i + 1 for i in range(n + 2)]
    expected = sum(squared) * 11 + n + squared[-1] + sum(longer) + longer[0] * 10 + longer[-1] + longer[n]
    assert run(uses_results(n), backend=backend) == expected
    assert run(floats_in_order(n), backend=backend) == sum(i * 0.5 for i in range(n))


@pytest.mark.parametrize("backend", COMPILED)
@pytest.mark.parametrize(
    "program",
    [appended, declared_and_appended, appended_to_in_a_group, appended_to_in_a_branch, appended_to_itself],
)
def test_a_list_that_grows(backend: str, program):
    for n in (0, 1, 7, 8, 9, 100):
        assert run(program(n), backend=backend) == run(program(n), backend="asyncio")
    assert (program.map(range(200), backend=backend) == program.map(range(200), backend="asyncio")).all()


async def plain_list(n: int) -> int:
    tasks = []
    for i in range(n):
        tasks.append(create_task(square(i, 1)))
    return sum(await gather(*tasks))


async def declared_list(n: int) -> int:
    tasks: list[asyncio.Task[int]] = []
    for i in range(n):
        tasks.append(create_task(square(i, 1)))
    return sum(await gather(*tasks))


def test_a_declared_list_is_compiled_like_one_that_is_not():
    n = Argument("n", i64, "uniform")
    assert ptx_of(declared_list, n) == ptx_of(plain_list, n)


@pytest.mark.parametrize("backend", COMPILED)
@pytest.mark.parametrize("n", [0, 1, 5, 30])
def test_a_list_of_tasks(backend: str, n: int):
    assert run(list_of_tasks(n), backend=backend) == run(list_of_tasks(n), backend="asyncio")


@gpu_async
async def with_half(n: int) -> tuple[int, float]:
    await reschedule()
    return n, n * 0.5


@gpu_async
async def nothing(out: i64[:], n: int) -> None:
    await reschedule()
    atomic_add(out, 0, n)


@gpu_async
async def part(out: i64[:], n: int) -> i64[:]:
    await reschedule()
    return out[n:]


@gpu_async
async def tasks_of_any_types(n: int, out: i64[:]) -> float:
    """By name, from a list, twice, begun on the spot, and calls among them, which become tasks."""
    a, b = create_task(square(n, 1)), create_task(with_half(n))
    x, (y, z) = await gather(a, b)
    tasks = [create_task(square(i, 2)) for i in range(4)]
    p, q, r, s = await gather(tasks[1], square(7, n), tasks[1], create_task(with_half(3)))
    await gather(create_task(nothing(out, 5)), nothing(out, n), a)
    rest, one = await gather(create_task(part(out, 1)), square(1, 0))
    rest[0] = one
    return x + y + z + p * 1e2 + q * 1e3 + r * 1e5 + s[1] * 1e7


@pytest.mark.parametrize("backend", COMPILED)
@pytest.mark.parametrize("n", [0, 6])
def test_a_gather_of_tasks(backend: str, n: int):
    out, expected = np.zeros(2, np.int64), np.zeros(2, np.int64)
    assert run(tasks_of_any_types(n, out), backend=backend) == run(tasks_of_any_types(n, expected), backend="asyncio")
    assert out.tolist() == expected.tolist() == [5 + n, 1]


@pytest.mark.parametrize("n", [1, 5, 30])
def test_a_list_of_tasks_with_frames_as_on_cuda(n: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(trials.WIDE_FRAMES, "1")
    assert run(list_of_tasks(n), backend="cpu") == run(list_of_tasks(n), backend="asyncio")


@pytest.mark.parametrize("backend", COMPILED)
def test_lists_and_tasks_are_freed(backend: str):
    """With room for some of them only: each turn takes a kilobyte or more."""
    turns = 1500 if os.environ.get("TEST_SLOWDOWN") else 5000
    found = run(makes_lists_for_ever(turns), backend=backend, heap=1 << 20, timeout=60)
    assert found == sum((t % 40) ** 2 + t + (t % 20) ** 2 + 2 for t in range(turns))


@pytest.mark.parametrize("backend", COMPILED)
@pytest.mark.parametrize("n", [2**28, 2**30, 2**31 - 1])
def test_a_list_larger_than_the_heap(backend: str, n: int):
    with pytest.raises(HeapExhausted, match="is full"):
        run(uses_results(n), backend=backend, heap=1 << 20)


@pytest.mark.parametrize("backend", COMPILED)
def test_an_index_beyond_a_list(backend: str):
    @gpu_async
    async def beyond(n: int) -> int:
        results = await gather(*[square(i, 0) for i in range(n)])
        return results[n]

    with pytest.raises(IndexError):
        run(beyond(5), backend=backend)
