"""Small programs for the explorer whose tasks are cancelled while others may wake them."""

from __future__ import annotations

import asyncio

from coro2cuda import Event, Queue, TaskGroup, create_task, gather, gpu_async, i32, reschedule, sleep, timeout


@gpu_async
async def waits(event: Event, n: i32) -> i32:
    """Whoever is first, the event or who cancels."""
    try:
        await event.wait()
    except asyncio.CancelledError:
        return n
    return n


@gpu_async
async def sets(event: Event) -> i32:
    await reschedule()
    event.set()
    return i32(1)


@gpu_async
async def cancelled_or_woken(n: i32) -> i32:
    """Two may wake the task at once: one by the event, one by cancelling it."""
    event = Event()
    task = create_task(waits(event, n))
    await reschedule()
    other = create_task(sets(event))
    await reschedule()
    task.cancel()
    found = i32(0)
    try:
        found = await task
    except asyncio.CancelledError:
        found = n  # it had not begun
    return found + await other


@gpu_async
async def fails(n: i32) -> i32:
    await reschedule()
    if n >= 0:
        raise ValueError
    return n


@gpu_async
async def siblings(n: i32) -> i32:
    """One of the group fails: the others, which wait for ever, are cancelled."""
    event = Event()
    total = n
    try:
        async with TaskGroup() as group:
            group.create_task(waits(event, n))
            group.create_task(fails(n))
            group.create_task(waits(event, n))
    except ExceptionGroup:
        total += 1
    return total


@gpu_async
async def family(event: Event, n: i32) -> i32:
    a, b = await gather(waits(event, n), waits(event, n))
    return a + b


@gpu_async
async def timed(n: i32) -> i32:
    """The time is over, or the event is set before."""
    event = Event()
    try:
        async with timeout(1e-6 * n):
            await event.wait()
    except TimeoutError:
        return n
    return n


@gpu_async
async def timed_family(n: i32) -> i32:
    """A time limit reaches the children of a fork."""
    event = Event()
    total = n
    try:
        async with timeout(1e-6 * n):
            total += await family(event, n)
    except TimeoutError:
        total += 100
    return total


@gpu_async
async def takes(queue: Queue[i32]) -> i32:
    found = i32(0)
    try:
        found = await queue.get()
    except asyncio.CancelledError:
        found = i32(7)
    return found


@gpu_async
async def item_kept(n: i32) -> i32:
    """An item goes to the getter, or stays in the queue."""
    queue = Queue[i32]()
    task = create_task(takes(queue))
    await reschedule()
    queue.put_nowait(i32(7))
    task.cancel()
    found = i32(7)
    try:
        found = await task
    except asyncio.CancelledError:
        found = i32(7)
    return found + n


@gpu_async
async def naps(n: i32) -> i32:
    try:
        await sleep(1e-6 * n)
    except asyncio.CancelledError:
        return n
    return n


@gpu_async
async def woken_early(n: i32) -> i32:
    task = create_task(naps(n))
    await reschedule()
    await sleep(1e-6 * n)
    task.cancel()
    found = n
    try:
        found = await task
    except asyncio.CancelledError:
        found = n
    return found
