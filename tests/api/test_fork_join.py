"""Tasks that begin tasks, run by the executor: many threads, errors in children, a full pool, stops."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from coro2cuda import FramePoolExhausted, atomic_add, create_task, gather, gpu_async, i32, reschedule, run

BACKENDS = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


@gpu_async
async def fib(n: i32) -> i32:
    if n < 2:
        return n
    a, b = await gather(fib(n - 1), fib(n - 2))
    return a + b


@gpu_async
async def sleepy(n: i32) -> i32:
    """No leaf: every call suspends before it returns, so every call is a task."""
    await reschedule()
    if n < 2:
        return n
    a, b = await gather(sleepy(n - 1), sleepy(n - 2))
    await reschedule()
    return a + b


@gpu_async
async def divides(n: i32, over: i32) -> i32:
    """The leaves of depth 0 fail if `over` is 0, and so do their parents, which try them."""
    if n == 0:
        return 60 // over
    a, b = await gather(divides(n - 1, over + 1), divides(n - 1, over))
    return a * 3 + b


@gpu_async
async def chain(n: i32) -> i32:
    """Awaits alone."""
    return 1 if n < 2 else n + await chain(n - 1)


@gpu_async
async def endless(n: i32) -> i32:
    a, b = await gather(endless(n + 1), endless(n + 1))
    return a + b


@gpu_async
async def spinning(n: i32) -> i32:
    while n != 0:
        await reschedule()
    return n


@gpu_async
async def waits_for_ever(n: i32) -> i32:
    a, b = await gather(spinning(n), spinning(n))
    return a + b


@gpu_async
async def failing(n: i32, values: i32[:]) -> i32:
    if n == 0:
        return values[7]
    a, b = await gather(failing(n - 1, values), fib(n))
    return a + b


@gpu_async
async def counting(depth: i32, counts: i32[:]) -> None:
    atomic_add(counts, depth, 1)
    if depth > 0:
        await gather(counting(depth - 1, counts), counting(depth - 1, counts), counting(depth - 1, counts))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("coroutine", [fib, sleepy], ids=["leaves", "no leaves"])
def test_every_child_counts_once(backend: str, coroutine: Any):
    known = [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610]
    assert list(coroutine.map(range(16), backend=backend)) == known
    assert run(coroutine(20), backend=backend) == 6765


def tasks_of_fib(n: int) -> int:
    """Calls that end at once are no tasks, nor are those all of whose calls do, nor those that call only such."""
    return 0 if n < 4 else 1 + tasks_of_fib(n - 1) + tasks_of_fib(n - 2)


@pytest.mark.parametrize("n", [3, 4, 5, 12])
def test_shallow_calls_are_no_tasks(n: int):
    result, found = run(fib(n), backend="cpu", stats=True)
    assert result == run(fib(n), backend="asyncio")
    assert found.spawns == tasks_of_fib(n)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", range(6))
def test_shallow_calls_mean_what_deep_ones_do(backend: str, n: int):
    assert run(divides(n, 1), backend=backend) == run(divides(n, 1), backend="asyncio")
    assert run(chain(n), backend=backend) == run(chain(n), backend="asyncio")
    with pytest.raises(ZeroDivisionError):
        run(divides(n, 0), backend=backend)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_any_number_of_threads_agree(threads: int):
    for _ in range(5):
        assert run(sleepy(17), backend="cpu", threads=threads) == 1597


@pytest.mark.gpu
@pytest.mark.parametrize("warps", [1, 7, 20_000])
def test_any_number_of_warps_agree_also_more_than_are_resident(warps: int):
    assert run(sleepy(17), backend="cuda", warps=warps, timeout=60) == 1597


def test_statistics_say_what_was_spawned_and_stolen():
    result, found = run(sleepy(12), backend="cpu", threads=2, stats=True)
    assert result == 144
    assert found.spawns == 465  # the calls of fib(12), each a task, since none is a leaf
    assert found.steals <= found.spills
    assert "tasks spawned" in str(found) and "chunks shared, stolen" in str(found)
    _, plain = run(spinning(0), backend="cpu", stats=True)
    assert "stolen" not in str(plain)


@pytest.mark.parametrize("backend", BACKENDS)
def test_children_without_results_all_run(backend: str):
    counts = np.zeros(8, np.int32)
    run(counting(7, counts), backend=backend)
    assert list(counts) == [3 ** (7 - depth) for depth in range(8)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_full_pool_is_said_and_the_next_run_works(backend: str):
    with pytest.raises(FramePoolExhausted, match="max_tasks"):
        run(endless(0), backend=backend, max_tasks=20_000, timeout=60)
    assert run(fib(15), backend=backend) == 610


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_error_in_a_child_ends_the_run(backend: str):
    with pytest.raises(IndexError):
        run(failing(9, np.zeros(3, np.int32)), backend=backend, timeout=60)
    assert run(fib(10), backend=backend) == 55


@pytest.mark.parametrize("backend", BACKENDS)
def test_children_that_never_end_can_be_stopped(backend: str):
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        run(waits_for_ever(1), backend=backend, timeout=0.2)
    assert time.monotonic() - started < 30
    assert run(fib(10), backend=backend) == 55


@pytest.mark.parametrize("backend", BACKENDS)
def test_grouping_does_not_matter_to_what_forks(backend: str):
    assert run(fib(12), backend=backend, grouping=False) == 144


@gpu_async
async def late(n: i32) -> i32:
    await reschedule()
    return n % 2


@gpu_async
async def long_chain(n: i32) -> i32:
    """Leaves one child waiting at every step of a deep recursion."""
    if n == 0:
        return 0
    a, b = await gather(late(n), long_chain(n - 1))
    return a + b


@pytest.mark.parametrize("backend", BACKENDS)
def test_more_tasks_wait_than_the_deques_and_chunks_of_a_warp_hold(backend: str):
    assert run(long_chain(5000), backend=backend, warps=1 if backend == "cuda" else None, threads=1, timeout=60) == 2500
    assert list(long_chain.map(np.full(64, 3000, np.int32), backend=backend, timeout=60)) == [1500] * 64


@gpu_async
async def square(i: i32, scale: i32) -> i32:
    await reschedule()
    return i * i * scale


@gpu_async
async def squares(n: i32, scale: i32) -> i32:
    return sum(await gather(*[square(i, scale) for i in range(n)]))


@gpu_async
async def count_tree(depth: i32, width: i32) -> i32:
    if depth == 0:
        return 1
    return 1 + sum(await gather(*[count_tree(depth - 1, width) for i in range(width) if i != 1]))


@gpu_async
async def mark(i: int, counts: i32[:]) -> None:
    await reschedule()
    atomic_add(counts, i, 1)


@gpu_async
async def mark_all(counts: i32[:]) -> None:
    await gather(*[mark(i, counts) for i in range(len(counts))])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [0, 1, 4, 5, 1000, 20_000])
def test_as_many_children_as_the_data_says(backend: str, n: int):
    assert run(squares(n, 3), backend=backend) == (sum(i * i * 3 for i in range(n)) + 2**31) % 2**32 - 2**31
    counts = np.zeros(n, np.int32)
    run(mark_all(counts), backend=backend)
    assert (counts == 1).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tree_of_any_width(backend: str):
    assert run(count_tree(4, 8), backend=backend) == sum(7**level for level in range(5))
    assert list(count_tree.map(range(5), 3, backend=backend)) == [2 ** (d + 1) - 1 for d in range(5)]


@pytest.mark.gpu
def test_a_million_children_from_one_root():
    counts = np.zeros(1_000_000, np.int32)
    run(mark_all(counts), backend="cuda", timeout=60)
    assert (counts == 1).all()


# --- tasks that nobody awaits


@gpu_async
async def begin_all(counts: i32[:]) -> None:
    for i in range(len(counts)):
        create_task(mark(i, counts))


@gpu_async
async def begin_two(depth: i32, counts: i32[:]) -> None:
    if depth > 0:
        create_task(begin_two(depth - 1, counts))
        create_task(begin_two(depth - 1, counts))
    atomic_add(counts, 0, 1)


@pytest.mark.parametrize("backend", ["asyncio", *BACKENDS])
def test_tasks_that_nobody_awaits_run_to_their_end(backend: str):
    counts = np.zeros(2000, np.int32)
    run(begin_all(counts), backend=backend)
    assert (counts == 1).all()
    begin_two.map(range(8), counts[:1], backend=backend)
    assert counts[0] == 1 + sum(2 ** (depth + 1) - 1 for depth in range(8))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_begins_more_tasks_than_a_warp_has_room_for(backend: str):
    counts = np.zeros(100_000, np.int32)
    run(begin_all(counts), backend=backend, timeout=60)
    assert (counts == 1).all()
