"""What a queue puts in order, what it holds, and who gets on: faults that a review found."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from coro2cuda import Event, Queue, create_task, gather, gpu_async, i32, i64, reschedule, run
from coro2cuda.frontend import infer
from coro2cuda.lowering import build, compile
from coro2cuda.lowering.program import Argument

RUNS = [
    pytest.param({"backend": "asyncio"}, id="asyncio"),
    pytest.param({"backend": "cpu", "threads": 1}, id="cpu-1"),
    pytest.param({"backend": "cpu", "threads": 4}, id="cpu-4"),
    pytest.param({"backend": "cuda"}, id="cuda", marks=pytest.mark.gpu),
]
BOARD = np.zeros(4, np.int32)


def note(n: int) -> None:
    BOARD[1] = n


@gpu_async
async def puts(queue: Queue[i32]) -> i32:
    await queue.put(i32(1))
    return i32(1)


@gpu_async
async def items_alone(n: i32) -> i32:
    queue = Queue[i32](2)
    a, b = await gather(puts(queue), queue_get(queue))
    return a + b + n


@gpu_async
async def queue_get(queue: Queue[i32]) -> i32:
    return await queue.get()


@gpu_async
async def a_global_array(n: i32) -> i32:
    queue = Queue[i32](2)
    BOARD[0] = n
    a, b = await gather(puts(queue), queue_get(queue))
    return a + b


@gpu_async
async def a_helpers_array(n: i32) -> i32:
    queue = Queue[i32](2)
    note(n)
    a, b = await gather(puts(queue), queue_get(queue))
    return a + b


@gpu_async
async def looks_at_a_queue(n: i32) -> i32:
    queue = Queue[i32](2)
    a, b = await gather(puts(queue), queue_get(queue))
    return a + b + i32(queue.qsize())


@gpu_async
async def looks_at_an_event(n: i32) -> i32:
    queue, event = Queue[i32](2), Event()
    a, b = await gather(puts(queue), queue_get(queue))
    return a + b + i32(event.is_set())


@gpu_async
async def looks_at_a_task(n: i32) -> i32:
    queue = Queue[i32](2)
    task = create_task(puts(queue))
    found = await queue.get()
    return found + i32(task.done())


@gpu_async
async def prints(n: i32) -> i32:
    queue = Queue[i32](2)
    print(n)
    a, b = await gather(puts(queue), queue_get(queue))
    return a + b


@pytest.mark.parametrize(
    ("function", "wanted"),
    [(items_alone, False), (a_global_array, True), (a_helpers_array, True), (looks_at_a_queue, True),
     (looks_at_an_event, True), (looks_at_a_task, True), (prints, True)],
)  # fmt: skip
def test_a_queue_fences_where_there_is_something_to_order(function: Any, wanted: bool) -> None:
    arguments = [Argument("n", infer.signature(function.__gpu_async__)[0].type or i64, "uniform")]
    typed = infer.infer_module(function.__gpu_async__, [argument.type for argument in arguments])
    module = build.build(typed)
    compile.lower(module, arguments, typed)
    assert module.orders == wanted


@gpu_async
async def nones(n: int) -> int:
    queue = Queue[None]()
    for _ in range(n):
        queue.put_nowait(None)
    count = 0
    try:
        while count < 100:
            queue.get_nowait()
            count += 1
    except asyncio.QueueEmpty:
        return count
    return -1


@pytest.mark.parametrize("how", RUNS)
def test_items_without_a_size(how: dict[str, Any]) -> None:
    assert run(nones(20), **how) == 20


@gpu_async
async def keeps(n: int) -> int:
    queue = Queue[i64](4)
    kept = 0
    for i in range(n):
        queue.put_nowait(i)
        queue.get_nowait()
        x = 7
        try:
            x = queue.get_nowait()
        except asyncio.QueueEmpty:
            kept += int(x == 7)
    return kept


@pytest.mark.parametrize("how", RUNS)
def test_what_an_empty_queue_is_assigned_to_keeps_its_value(how: dict[str, Any]) -> None:
    assert run(keeps(40), **how) == 40


@gpu_async
async def gets_and_tells(queue: Queue[i32], event: Event) -> i32:
    found = await queue.get()
    event.set()
    return found


@gpu_async
async def polls(event: Event) -> i32:
    while not event.is_set():
        await reschedule()
    return i32(1)


@gpu_async
async def puts_late(queue: Queue[i32], event: Event, n: i32) -> i32:
    for _ in range(n):
        await reschedule()
    queue.put_nowait(i32(1))
    while not event.is_set():
        await reschedule()
    return i32(1)


@gpu_async
async def polled(n: i32) -> i32:
    queue, event = Queue[i32](), Event()
    a, b, c, d = await gather(gets_and_tells(queue, event), polls(event), polls(event), puts_late(queue, event, n))
    return a + b + c + d


@pytest.mark.parametrize("frames", [12, 16])
def test_who_was_handed_out_goes_on_where_frames_are_short(frames: int) -> None:
    for _ in range(3):
        found = polled.map(np.full(2, 200, np.int32), backend="cpu", threads=2, max_tasks=frames, timeout=60)
        assert found.tolist() == [4, 4]
