"""Programs in which tasks are cancelled, for `test_cancellation`.

A task says that it has begun before it waits; whether it waits already when it is cancelled is not certain, and must
make no difference. What tasks have done they add up in `out`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from coro2cuda import (
    Barrier,
    BoundedSemaphore,
    Condition,
    Event,
    Lock,
    Queue,
    Semaphore,
    TaskGroup,
    atomic_add,
    create_task,
    gather,
    gpu_async,
    i64,
    reschedule,
    sleep,
    timeout,
    wait_for,
)

programs: list[Any] = []
loads: list[Any] = []


def program(*cases: tuple[int, ...]) -> Any:
    """A coroutine that is run with each list of arguments."""

    def add(function: Any) -> Any:
        found = gpu_async(function)
        programs.extend(pytest.param(found, case, id=f"{function.__name__}-{n}") for n, case in enumerate(cases))
        return found

    return add


def load(function: Any) -> Any:
    """A coroutine of many tasks that gives 0 if nothing is lost."""
    loads.append(gpu_async(function))
    return loads[-1]


# --- waiting for each kind of object, cancelled ----------------------------------------------------------------------


@gpu_async
async def on_event(begun: Event, event: Event) -> int:
    begun.set()
    await event.wait()
    return 1


@gpu_async
async def on_lock(begun: Event, lock: Lock) -> int:
    begun.set()
    async with lock:
        return 1


@gpu_async
async def on_semaphore(begun: Event, semaphore: Semaphore) -> int:
    begun.set()
    async with semaphore:
        return 1


@gpu_async
async def on_bounded(begun: Event, semaphore: BoundedSemaphore) -> int:
    begun.set()
    async with semaphore:
        return 1


@gpu_async
async def on_condition(begun: Event, condition: Condition) -> int:
    async with condition:
        begun.set()
        try:
            await condition.wait()
        except asyncio.CancelledError:
            return 10 if condition.locked() else 20
        return 1


@gpu_async
async def on_get(begun: Event, queue: Queue[int]) -> int:
    begun.set()
    return await queue.get()


@gpu_async
async def on_put(begun: Event, queue: Queue[int], item: int) -> int:
    begun.set()
    await queue.put(item)
    return 1


@gpu_async
async def on_join(begun: Event, queue: Queue[int]) -> int:
    begun.set()
    await queue.join()
    return 1


@gpu_async
async def on_barrier(begun: Event, barrier: Barrier) -> int:
    begun.set()
    return await barrier.wait()


@gpu_async
async def on_sleep(begun: Event) -> int:
    begun.set()
    await sleep(1000.0)
    return 1


@gpu_async
async def on_reschedule(begun: Event) -> int:
    begun.set()
    while True:
        await reschedule()


@gpu_async
async def end_of(task) -> int:
    """What became of a task: 1000 if it was cancelled, else its result."""
    try:
        found = await task
    except asyncio.CancelledError:
        return 1000 + 100 * int(task.cancelled()) + 10 * int(task.done())
    return found


@program((1,))
async def event(n: int) -> int:
    begun, event = Event(), Event()
    task = create_task(on_event(begun, event))
    await begun.wait()
    cancelled = task.cancel()
    ended = await end_of(task)
    event.set()
    return ended + int(cancelled) + 2 * int(task.cancel())


@program((1,))
async def lock(n: int) -> int:
    """A waiter that is cancelled leaves its place to the next."""
    begun, also, lock = Event(), Event(), Lock()
    await lock.acquire()
    task, other = create_task(on_lock(begun, lock)), create_task(on_lock(also, lock))
    await begun.wait()
    await also.wait()
    task.cancel()
    ended = await end_of(task)
    lock.release()
    return ended + await other + 2 * int(lock.locked())


@program((1,))
async def semaphore(n: int) -> int:
    begun, also, semaphore = Event(), Event(), Semaphore(1)
    await semaphore.acquire()
    task, other = create_task(on_semaphore(begun, semaphore)), create_task(on_semaphore(also, semaphore))
    await begun.wait()
    await also.wait()
    task.cancel()
    ended = await end_of(task)
    semaphore.release()
    return ended + await other + 2 * int(semaphore.locked())


@program((1,))
async def bounded_semaphore(n: int) -> int:
    begun, semaphore = Event(), BoundedSemaphore(1)
    await semaphore.acquire()
    task = create_task(on_bounded(begun, semaphore))
    await begun.wait()
    task.cancel()
    ended = await end_of(task)
    semaphore.release()
    return ended + 2 * int(semaphore.locked())


@program((1,))
async def condition(n: int) -> int:
    """A cancelled waiter gets the lock back before it is told."""
    begun, condition = Event(), Condition()
    task = create_task(on_condition(begun, condition))
    await begun.wait()
    async with condition:
        task.cancel()
        await reschedule()
        held = int(task.done())
    return await end_of(task) + held


@program((1,))
async def get(n: int) -> int:
    """What is put later is for others."""
    begun, queue = Event(), Queue[int](3)
    task = create_task(on_get(begun, queue))
    await begun.wait()
    task.cancel()
    ended = await end_of(task)
    await queue.put(7)
    return ended * 100 + queue.qsize() * 10 + await queue.get()


@program((1,))
async def put(n: int) -> int:
    """What a cancelled task wanted to put is not there."""
    begun, also, queue = Event(), Event(), Queue[int](1)
    await queue.put(1)
    task = create_task(on_put(begun, queue, 2))
    await begun.wait()
    task.cancel()
    ended = await end_of(task)
    other = create_task(on_put(also, queue, 3))
    await also.wait()
    first, second = await queue.get(), await queue.get()
    return ended * 100 + first * 10 + second + await other


@program((1,))
async def join(n: int) -> int:
    begun, queue = Event(), Queue[int]()
    await queue.put(1)
    task = create_task(on_join(begun, queue))
    await begun.wait()
    task.cancel()
    ended = await end_of(task)
    queue.task_done()
    await queue.join()
    return ended


@program((1,))
async def barrier(n: int) -> int:
    """One fewer has come."""
    begun, also, barrier = Event(), Event(), Barrier(2)
    task = create_task(on_barrier(begun, barrier))
    await begun.wait()
    task.cancel()
    ended = await end_of(task)
    left = barrier.n_waiting
    other = create_task(on_barrier(also, barrier))
    return ended * 100 + left * 10 + await barrier.wait() + await other


@program((1,))
async def sleeping(n: int) -> int:
    begun = Event()
    task = create_task(on_sleep(begun))
    await begun.wait()
    task.cancel()
    return await end_of(task)


@program((1,))
async def spinning(n: int) -> int:
    begun = Event()
    task = create_task(on_reschedule(begun))
    await begun.wait()
    task.cancel()
    return await end_of(task)


# --- what it waits for is a task -------------------------------------------------------------------------------------


@gpu_async
async def on_task(begun: Event, task) -> int:
    begun.set()
    return await task


@program((1,))
async def task_of_a_task(n: int) -> int:
    """Who waits for a task and is cancelled cancels that task."""
    one, two, event = Event(), Event(), Event()
    inner = create_task(on_event(one, event))
    outer = create_task(on_task(two, inner))
    await one.wait()
    await two.wait()
    outer.cancel()
    return await end_of(outer) * 10_000 + await end_of(inner)


@gpu_async
async def stubborn(begun: Event, event: Event) -> int:
    """Does not let itself be cancelled, the first time."""
    try:
        begun.set()
        await event.wait()
    except asyncio.CancelledError:
        await reschedule()
        return 5
    return 6


@program((1,))
async def stubborn_task(n: int) -> int:
    begun, event = Event(), Event()
    task = create_task(stubborn(begun, event))
    await begun.wait()
    task.cancel()
    return await end_of(task) * 10 + int(task.cancelled())


@program((1,))
async def awaiter_of_a_stubborn_task(n: int) -> int:
    one, two, event = Event(), Event(), Event()
    inner = create_task(stubborn(one, event))
    outer = create_task(on_task(two, inner))
    await one.wait()
    await two.wait()
    outer.cancel()
    return await end_of(outer)


@program((1,))
async def gather_is_cancelled(n: int) -> int:
    """Both children end, and the one who gathers last."""
    begun, event = Event(), Event()
    task = create_task(gathers_three(begun, event))
    await begun.wait()
    task.cancel()
    return await end_of(task)


@gpu_async
async def gathers_three(begun: Event, event: Event) -> int:
    both = 0
    try:
        a, b, c = await gather(stubborn(begun, event), stubborn(begun, event), on_event(begun, event))
        both = a + b + c
    except asyncio.CancelledError:
        return 40
    return both


@program((1,))
async def stubborn_children(n: int) -> int:
    """Children that go on do not keep the one who gathers from being cancelled."""
    begun, event = Event(), Event()
    task = create_task(gathers_stubborn(begun, event))
    await begun.wait()
    task.cancel()
    return await end_of(task)


@gpu_async
async def gathers_stubborn(begun: Event, event: Event) -> int:
    try:
        a, b = await gather(stubborn(begun, event), stubborn(begun, event))
    except asyncio.CancelledError:
        return 50
    return a + b


@gpu_async
async def gathers_many(begun: Event, event: Event, n: int) -> int:
    return sum(await gather(*[on_event(begun, event) for i in range(n)]))


@program((3,), (40,))
async def comprehension_is_cancelled(n: int) -> int:
    begun, event = Event(), Event()
    task = create_task(gathers_many(begun, event, n))
    await begun.wait()
    task.cancel()
    return await end_of(task)


@gpu_async
async def gathers_tasks(begun: Event, event: Event, n: int) -> int:
    tasks = [create_task(on_event(begun, event)) for i in range(n)]
    cancelled = 0
    try:
        return sum(await gather(*tasks))
    except asyncio.CancelledError:
        for i in range(n):
            try:
                await tasks[i]
            except asyncio.CancelledError:
                cancelled += 1
    return cancelled


@program((3,), (20,))
async def list_is_cancelled(n: int) -> int:
    begun, event = Event(), Event()
    task = create_task(gathers_tasks(begun, event, n))
    await begun.wait()
    task.cancel()
    return await end_of(task)


@gpu_async
async def gathers_two(begun: Event, event: Event, failing: int) -> int:
    first = create_task(on_event(begun, event))
    second = create_task(either(begun, event, failing))
    try:
        a, b, c = await gather(first, second, on_event(begun, event))
    except asyncio.CancelledError:
        return 10 + int(first.cancelled()) + int(second.cancelled())
    return a + b + c


@gpu_async
async def either(begun: Event, event: Event, failing: int) -> int:
    if failing:
        raise ValueError(failing)
    return await on_event(begun, event)


@program((0,))
async def tasks_by_name_are_cancelled(failing: int) -> int:
    begun, event = Event(), Event()
    task = create_task(gathers_two(begun, event, failing))
    await begun.wait()
    task.cancel()
    return await end_of(task)


@program((7,))
async def one_of_the_tasks_by_name_fails(failing: int) -> int:
    begun, event = Event(), Event()
    task = create_task(gathers_two(begun, event, failing))
    await begun.wait()
    event.set()
    try:
        return await task
    except ValueError:
        return 100


@gpu_async
async def gathers_stubborn_tasks(begun: Event, event: Event, n: int) -> int:
    tasks = [create_task(stubborn(begun, event)) for i in range(n)]
    try:
        return sum(await gather(*tasks))
    except asyncio.CancelledError:
        return 60 + int(tasks[n - 1].done())


@program((1,), (4,))
async def list_of_stubborn_tasks_is_cancelled(n: int) -> int:
    """They go on, but the one who gathers them is cancelled."""
    begun, event = Event(), Event()
    task = create_task(gathers_stubborn_tasks(begun, event, n))
    await begun.wait()
    await sleep(0.01)
    task.cancel()
    return await end_of(task)


@gpu_async
async def fails_in_turn(n: int, i: int) -> int:
    if i == 1:
        raise KeyError(i)
    await sleep(0.001 * (i + 1))
    if i > 2:
        raise ValueError(i)
    return i


@program((1,), (2,), (9,))
async def several_of_a_list_fail(n: int) -> int:
    """One error is raised; nobody misses the others."""
    tasks = [create_task(fails_in_turn(n, i)) for i in range(n)]
    code = 0
    try:
        code = sum(await gather(*tasks))
    except KeyError:
        code = 10
    while not tasks[n - 1].done():
        await reschedule()
    return code


@gpu_async
async def deep(n: int, begun: Event, event: Event) -> int:
    if n == 0:
        begun.set()
        await event.wait()
        return 0
    return 1 + await deep(n - 1, begun, event)


@program((0,), (5,))
async def recursion_is_cancelled(n: int) -> int:
    begun, event = Event(), Event()
    task = create_task(deep(n, begun, event))
    await begun.wait()
    task.cancel()
    return await end_of(task)


@gpu_async
async def stubborn_deep(n: int, begun: Event, event: Event) -> int:
    """The innermost call answers the request: nobody else gets it."""
    if n == 0:
        try:
            begun.set()
            await event.wait()
        except asyncio.CancelledError:
            return 0
        return 100
    found = 1 + await stubborn_deep(n - 1, begun, event)
    await reschedule()
    return found


@program((0,), (5,))
async def recursion_answers_once(n: int) -> int:
    begun, event = Event(), Event()
    task = create_task(stubborn_deep(n, begun, event))
    await begun.wait()
    task.cancel()
    return await end_of(task)


@gpu_async
async def handles_its_task(n: int) -> int:
    task = create_task(fails_in_turn(n, n))
    await sleep(0.002 * n)
    try:
        return await task
    except KeyError:
        return 1
    except ValueError:
        return 2


@program((1,), (3,))
async def one_that_nobody_awaits_handles_its_tasks_error(n: int) -> int:
    """Whether its task fails before it awaits it or while it does, and though the root has returned."""
    create_task(handles_its_task(n))
    create_task(handles_its_task(2))
    return 5


# --- when ------------------------------------------------------------------------------------------------------------


@gpu_async
async def never_waits(gate: Event, out: Queue[int]) -> int:
    out.put_nowait(1)
    return 1


@program((1,))
async def a_done_task(n: int) -> int:
    event, queue = Event(), Queue[int]()
    task = create_task(never_waits(event, queue))
    await task
    return int(task.cancel()) + 2 * int(task.cancelled()) + 4 * int(task.done()) + 8 * await task


@gpu_async
async def answers_each(n: int, begun: Queue[int], event: Event) -> int:
    answered = 0
    for i in range(n):
        try:
            await begun.put(i)
            await event.wait()
        except asyncio.CancelledError:
            answered += 1
    return answered


@program((1,), (7,))
async def again_and_again(n: int) -> int:
    begun, event = Queue[int](), Event()
    task = create_task(answers_each(n, begun, event))
    for _ in range(n):
        await begun.get()
        task.cancel()
        await reschedule()
    return await end_of(task)


@gpu_async
async def cleans_up(begun: Event, event: Event, lock: Lock) -> int:
    """What is in `finally` may wait."""
    async with lock:
        try:
            begun.set()
            await event.wait()
        finally:
            await sleep(0.001)
            await reschedule()
    return 1


@program((1,))
async def waits_in_finally(n: int) -> int:
    begun, event, lock = Event(), Event(), Lock()
    task = create_task(cleans_up(begun, event, lock))
    await begun.wait()
    task.cancel()
    return await end_of(task) + int(lock.locked())


@gpu_async
async def other_error(begun: Event, event: Event) -> int:
    try:
        begun.set()
        await event.wait()
    except asyncio.CancelledError:
        raise ValueError("instead") from None
    return 1


@program((1,))
async def another_error_instead(n: int) -> int:
    begun, event = Event(), Event()
    task = create_task(other_error(begun, event))
    await begun.wait()
    task.cancel()
    try:
        await task
    except ValueError:
        return 2 + int(task.cancelled())
    return 0


@gpu_async
async def not_for_exception(begun: Event, event: Event) -> int:
    try:
        begun.set()
        await event.wait()
    except Exception:
        return 1
    except BaseException:
        return 2
    return 3


@program((1,))
async def it_is_no_exception(n: int) -> int:
    begun, event = Event(), Event()
    task = create_task(not_for_exception(begun, event))
    await begun.wait()
    task.cancel()
    return await end_of(task)


@gpu_async
async def cancels_itself(n: int) -> int:
    raise asyncio.CancelledError


@program((1,))
async def raised_by_hand(n: int) -> int:
    return await end_of(create_task(cancels_itself(n)))


# --- time limits -----------------------------------------------------------------------------------------------------


@program((1,))
async def timeout_of_a_wait(n: int) -> int:
    event = Event()
    try:
        async with timeout(0.005):
            await event.wait()
    except TimeoutError:
        return 1
    return 0


@program((1,))
async def timeout_in_time(n: int) -> int:
    total = 0
    for i in range(5):
        async with asyncio.timeout(1000.0):
            await sleep(0.0005)
            total += i
    return total


@program((1,))
async def nested_inner_first(n: int) -> int:
    event, code = Event(), 0
    try:
        async with timeout(1000):
            try:
                async with timeout(0.005):
                    await event.wait()
            except TimeoutError:
                code += 1
            await sleep(0.001)
            code += 10
    except TimeoutError:
        code += 100
    return code


@program((1,))
async def nested_outer_first(n: int) -> int:
    event, code = Event(), 0
    try:
        async with timeout(0.005):
            try:
                async with timeout(1000):
                    await event.wait()
            except TimeoutError:
                code += 1
            code += 10
    except TimeoutError:
        code += 100
    return code


@program((1,))
async def leaves_by_return_and_break(n: int) -> int:
    total = 0
    for i in range(4):
        async with timeout(1000):
            await reschedule()
            if i == 1:
                continue
            if i == 3:
                break
            total += await returns_from_inside(i)
    return total


@gpu_async
async def returns_from_inside(i: int) -> int:
    async with timeout(1000):
        await reschedule()
        return i + 10


@program((1,))
async def an_error_passes(n: int) -> int:
    try:
        async with timeout(1000):
            await reschedule()
            raise KeyError(1)
    except KeyError:
        return 1
    return 0


@gpu_async
async def limited(begun: Event, event: Event) -> int:
    try:
        async with timeout(1000):
            begun.set()
            await event.wait()
    except TimeoutError:
        return 7
    return 8


@program((1,))
async def cancelled_inside_a_timeout(n: int) -> int:
    """From outside: that is no TimeoutError."""
    begun, event = Event(), Event()
    task = create_task(limited(begun, event))
    await begun.wait()
    task.cancel()
    return await end_of(task)


@gpu_async
async def limited_child(event: Event, seconds: float) -> int:
    try:
        async with timeout(seconds):
            await event.wait()
    except TimeoutError:
        return 1
    return 2


@program((1,))
async def timeout_of_one_child(n: int) -> int:
    """Each child of a gather has its own time."""
    event = Event()
    a, b, c = await gather(limited_child(event, 0.002), limited_child(event, 1000.0), sets_later(event))
    return a * 100 + b * 10 + c


@gpu_async
async def sets_later(event: Event) -> int:
    await sleep(0.02)
    event.set()
    return 3


@program((1,))
async def waits_for_it(n: int) -> int:
    """`wait_for` of everything that can be awaited, in time and late."""
    event, lock, queue, begun = Event(), Lock(), Queue[int](), Event()
    code = 0
    await lock.acquire()
    try:
        await wait_for(event.wait(), 0.002)
    except TimeoutError:
        code += 1
    try:
        await asyncio.wait_for(lock.acquire(), 0.002)
    except TimeoutError:
        code += 2
    try:
        await wait_for(queue.get(), 0.002)
    except TimeoutError:
        code += 4
    try:
        await wait_for(sleep(1000), 0.002)
    except TimeoutError:
        code += 8
    try:
        code += 1000 * await wait_for(on_event(begun, event), 0.002)
    except TimeoutError:
        code += 16
    try:
        await wait_for(gather(on_event(begun, event), on_event(begun, event)), timeout=0.002)
    except TimeoutError:
        code += 32
    await queue.put(64)
    code += await wait_for(queue.get(), 1000)
    lock.release()
    if await wait_for(lock.acquire(), 1000):
        code += 128
    event.set()
    await wait_for(event.wait(), 1000)
    code += 256 * await wait_for(on_event(begun, event), 1000)
    return code


@program((1,))
async def waits_for_a_task(n: int) -> int:
    """Which is cancelled when the time is over."""
    begun, event = Event(), Event()
    task = create_task(on_event(begun, event))
    try:
        await wait_for(task, 0.002)
    except TimeoutError:
        return await end_of(task)
    return 0


@program((1,))
async def keeps_its_value(n: int) -> int:
    """What is assigned keeps its value if nothing comes."""
    x, queue = 5, Queue[int]()
    try:
        x = await wait_for(queue.get(), 0.002)
    except TimeoutError:
        x += 1
    task = create_task(fails_so(3))
    try:
        x = await task
    except ZeroDivisionError:
        x += 10
    return x


@gpu_async
async def times_out(n: int) -> int:
    event = Event()
    async with timeout(0.002):
        await event.wait()
    return n


@gpu_async
async def perhaps_times_out(n: int) -> int:
    event = Event()
    async with timeout(0.002):
        if n % 2:
            await event.wait()
    return n


@gpu_async
async def perhaps_in_time(n: int) -> int:
    event = Event()
    try:
        async with timeout(0.002 + (n % 2 == 0) * 1000.0):
            if n % 2:
                await event.wait()
            else:
                await sleep((n % 7) * 0.0001)
    except TimeoutError:
        return -1
    return n


@gpu_async
async def in_time(n: int) -> int:
    async with timeout(1000):
        return await tripled(n)


@gpu_async
async def tripled(n: int) -> int:
    await reschedule()
    return n * 3


@gpu_async
async def cancels_sleepers(n: int) -> int:
    begun = Event()
    tasks = [create_task(on_sleep(begun)) for i in range(n)]
    await begun.wait()
    cancelled = 0
    for i in range(n):
        tasks[i].cancel()
    for task in tasks:
        try:
            await task
        except asyncio.CancelledError:
            cancelled += 1
    return cancelled


@gpu_async
async def hours(n: int) -> int:
    event, count = Event(), 0
    for _ in range(n):
        try:
            async with timeout(7200.0):
                await wait_for(event.wait(), 3600.0)
        except TimeoutError:
            count += 1
    return count


def said(queue: Queue[int], x: int) -> int:
    queue.put_nowait(x)
    return x


@program((3,))
async def arguments_before_the_seconds(n: int) -> int:
    order, queue = Queue[int](), Queue[int]()
    await wait_for(queue.put(said(order, 1)), said(order, n))
    a = await wait_for(fails_late(said(order, 1)), said(order, n) + 1)
    b, c = await wait_for(gather(fails_late(said(order, 0)), fails_late(said(order, 1))), said(order, n))
    d = await wait_for(create_task(fails_late(said(order, 0))), said(order, n))
    total = a + b + c + d
    while not order.empty():
        total = total * 10 + order.get_nowait()
    return total


# --- groups ----------------------------------------------------------------------------------------------------------


@gpu_async
async def fails_late(n: int) -> int:
    await reschedule()
    if n > 1:
        raise ValueError(f"no {n}")
    return n


@gpu_async
async def fails_so(n: int) -> int:
    await reschedule()
    if n == 3:
        return 1 // (n - 3)
    raise KeyError(n)


@gpu_async
async def three_fail(n: int) -> int:
    barrier = Barrier(3)
    async with TaskGroup() as group:
        group.create_task(fails_together(n, 0, barrier))
        group.create_task(fails_together(n + 1, 1, barrier))
        group.create_task(fails_together(3, 1, barrier))
    return 0


@gpu_async
async def fails_together(n: int, so: int, barrier: Barrier) -> int:
    """Each fails whatever becomes of the others: a cancellation comes too late."""
    try:
        await barrier.wait()
    except asyncio.CancelledError:
        so += 0
    if so == 0:
        return await fails_for_sure(n)
    return await fails_surely_so(n)


@gpu_async
async def fails_for_sure(n: int) -> int:
    return fails_late_now(n)


def fails_late_now(n: int) -> int:
    raise ValueError(f"no {n}")


@gpu_async
async def fails_surely_so(n: int) -> int:
    if n == 3:
        return 1 // (n - 3)
    raise KeyError(n)


@gpu_async
async def body_and_child_fail(n: int) -> int:
    """The child fails as it is cancelled, after the body has failed."""
    async with TaskGroup() as group:
        group.create_task(fails_as_it_ends(n))
        await sleep(0.01)
        raise KeyError(n)


@gpu_async
async def fails_as_it_ends(n: int) -> int:
    try:
        await sleep(60.0)
    finally:
        raise ValueError(f"no {n}")
    return n


@gpu_async
async def fails_if_odd(n: int) -> int:
    """Twice: what the first failure leaves behind must not tell in the second."""
    try:
        async with TaskGroup() as group:
            group.create_task(fails_late(3))
    except ExceptionGroup:
        pass
    async with TaskGroup() as group:
        task = group.create_task(fails_late(n % 2 * 3))
    return task.result()


@gpu_async
async def inner_group(n: int) -> int:
    async with TaskGroup() as group:
        group.create_task(fails_late(n))
    return 0


@gpu_async
async def outer_group(n: int) -> int:
    async with TaskGroup() as group:
        group.create_task(inner_group(n))
    return 0


@gpu_async
async def counted_event(event: Event, queue: Queue[int]) -> int:
    try:
        await event.wait()
    except asyncio.CancelledError:
        queue.put_nowait(1)
        raise
    return 1


@program((1,), (4,))
async def siblings_are_cancelled(n: int) -> int:
    event, queue, body = Event(), Queue[int](), 0
    try:
        async with TaskGroup() as group:
            for _ in range(n):
                group.create_task(counted_event(event, queue))
            group.create_task(fails_later(2, n))
            try:
                await event.wait()
            except asyncio.CancelledError:
                body = 100
                raise
    except ExceptionGroup:
        return body + queue.qsize()
    return 0


@gpu_async
async def fails_later(n: int, turns: int) -> int:
    await sleep(0.01)
    return await fails_late(n)


@program((1,))
async def the_body_fails(n: int) -> int:
    event, queue = Event(), Queue[int]()
    try:
        async with TaskGroup() as group:
            group.create_task(counted_event(event, queue))
            await sleep(0.005)
            raise KeyError(1)
    except ExceptionGroup:
        return queue.qsize()
    return 0


@program((1,))
async def a_cancelled_task_is_no_error(n: int) -> int:
    begun, event = Event(), Event()
    async with TaskGroup() as group:
        task = group.create_task(on_event(begun, event))
        await begun.wait()
        task.cancel()
    return 1 + int(task.cancelled())


@gpu_async
async def has_a_group(begun: Event, event: Event, queue: Queue[int]) -> int:
    async with TaskGroup() as group:
        group.create_task(counted_event(event, queue))
        group.create_task(counted_event(event, queue))
        begun.set()
    return 1


@gpu_async
async def waits_in_a_group(begun: Event, event: Event, queue: Queue[int]) -> int:
    async with TaskGroup() as group:
        group.create_task(counted_event(event, queue))
        begun.set()
        await event.wait()
    return 1


@program((1,))
async def group_cancelled_at_its_end(n: int) -> int:
    begun, event, queue = Event(), Event(), Queue[int]()
    task = create_task(has_a_group(begun, event, queue))
    await begun.wait()
    await sleep(0.01)
    task.cancel()
    return await end_of(task) + queue.qsize()


@program((1,))
async def group_cancelled_in_its_body(n: int) -> int:
    begun, event, queue = Event(), Event(), Queue[int]()
    task = create_task(waits_in_a_group(begun, event, queue))
    await begun.wait()
    await sleep(0.01)
    task.cancel()
    return await end_of(task) + queue.qsize()


@program((1,))
async def group_with_a_timeout(n: int) -> int:
    event, queue = Event(), Queue[int]()
    try:
        async with timeout(0.01), TaskGroup() as group:
            group.create_task(counted_event(event, queue))
            group.create_task(counted_event(event, queue))
    except TimeoutError:
        return queue.qsize()
    return 0


@program((1,))
async def group_without_failures(n: int) -> int:
    async with TaskGroup() as group:
        a, b = group.create_task(fails_late(1)), group.create_task(fails_late(0))
    return await a + await b


@program((2,))
async def errors_of_a_task(n: int) -> int:
    """Everybody who awaits it gets its error."""
    task, code = create_task(fails_late(n)), 0
    a, b = await gather(error_of(task), error_of(task))
    try:
        await task
    except ValueError:
        code = 1
    return a * 100 + b * 10 + code + 1000 * int(task.done()) + 2000 * int(task.cancelled())


@program((0,), (2,), (9,))
async def results_of_ended_tasks(n: int) -> int:
    """`result()` gives what awaiting gives: the result, the error, the cancellation; also to one who is to be cancelled
    itself, since it does not wait."""
    begun, event, code = Event(), Event(), 0
    tasks = [create_task(fails_late(i)) for i in range(n)]
    cancelled = create_task(on_event(begun, event))
    await begun.wait()
    cancelled.cancel()
    while not cancelled.done():
        await reschedule()
    try:
        code += cancelled.result()
    except asyncio.CancelledError:
        code += 1000
    for task in tasks:
        while not task.done():
            await reschedule()
        try:
            code += 10 + task.result()
        except ValueError:
            code += 100
    begun.clear()
    reader = create_task(reads_at_the_end(begun, event, cancelled))
    await begun.wait()
    reader.cancel()
    return code + await end_of(reader)


@gpu_async
async def reads_at_the_end(begun: Event, event: Event, task) -> int:
    begun.set()
    try:
        await event.wait()
    except asyncio.CancelledError:
        code = 50_000
        try:
            code += task.result()
        except asyncio.CancelledError:
            code += 100_000
        return code
    return 0


@gpu_async
async def error_of(task) -> int:
    try:
        return await task
    except ValueError:
        return 7


@gpu_async
async def awaits_one_that_fails(n: int) -> int:
    task = create_task(fails_late(n))
    await reschedule()
    return await task


@gpu_async
async def lets_one_fail(n: int) -> int:
    task = create_task(fails_late(n))
    while not task.done():
        await reschedule()
    return 0


@gpu_async
async def awaits_a_cancelled_task(n: int) -> int:
    begun, event = Event(), Event()
    task = create_task(on_event(begun, event))
    await begun.wait()
    task.cancel()
    return await task


@gpu_async
async def nobody_is_left(n: int) -> int:
    event, begun = Event(), Event()
    task = create_task(sets_when_slept(begun, event))
    await begun.wait()
    task.cancel()
    await event.wait()
    return n


@gpu_async
async def sets_when_slept(begun: Event, event: Event) -> int:
    begun.set()
    await sleep(1000.0)
    event.set()
    return 1


# --- under load ------------------------------------------------------------------------------------------------------


@gpu_async
async def tries_lock(lock: Lock, i: int, counts: i64[:]) -> None:
    for turn in range(5):
        try:
            await wait_for(lock.acquire(), 0.00002 * ((i * 7 + turn * 3) % 11))
        except TimeoutError:
            atomic_add(counts, 1, 1)
            continue
        held = atomic_add(counts, 2, 1)
        if held != 0:
            atomic_add(counts, 3, 1)
        await sleep(0.00001 * (i % 3))
        atomic_add(counts, 2, -1)
        atomic_add(counts, 0, 1)
        lock.release()


@load
async def of_a_lock(n: int, counts: i64[:]) -> int:
    """Whoever got it had it alone, and at the end it is free."""
    lock = Lock()
    await gather(*[tries_lock(lock, i, counts) for i in range(n)])
    return int(lock.locked()) + abs(5 * n - counts[0] - counts[1]) + counts[3]


@gpu_async
async def tries_semaphore(semaphore: Semaphore, i: int, counts: i64[:]) -> None:
    for turn in range(5):
        try:
            await wait_for(semaphore.acquire(), 0.00002 * ((i * 7 + turn * 3) % 11))
        except TimeoutError:
            continue
        held = atomic_add(counts, 2, 1)
        if held >= 3:
            atomic_add(counts, 3, 1)
        await sleep(0.00001 * (i % 3))
        atomic_add(counts, 2, -1)
        semaphore.release()


@load
async def of_a_semaphore(n: int, counts: i64[:]) -> int:
    semaphore = Semaphore(3)
    await gather(*[tries_semaphore(semaphore, i, counts) for i in range(n)])
    for _ in range(3):
        await wait_for(semaphore.acquire(), 10)
    return int(not semaphore.locked()) + counts[3]


@gpu_async
async def puts(queue: Queue[int], i: int, counts: i64[:]) -> None:
    for turn in range(5):
        try:
            await wait_for(queue.put(i * 5 + turn + 1), 0.00002 * ((i * 5 + turn * 3) % 13))
        except TimeoutError:
            continue
        atomic_add(counts, 0, i * 5 + turn + 1)


@gpu_async
async def gets(queue: Queue[int], i: int, counts: i64[:]) -> None:
    for turn in range(5):
        try:
            item = await wait_for(queue.get(), 0.00002 * ((i * 3 + turn * 5) % 13))
        except TimeoutError:
            continue
        atomic_add(counts, 1, item)


@load
async def of_a_queue(n: int, counts: i64[:]) -> int:
    """What was put is what was got and what is left."""
    queue = Queue[int](4)
    await gather(
        gather_puts(queue, n, counts),
        gather_gets(queue, n, counts),
    )
    left = 0
    while not queue.empty():
        left += await queue.get()
    return abs(counts[0] - counts[1] - left)


@gpu_async
async def gather_puts(queue: Queue[int], n: int, counts: i64[:]) -> None:
    await gather(*[puts(queue, i, counts) for i in range(n)])


@gpu_async
async def gather_gets(queue: Queue[int], n: int, counts: i64[:]) -> None:
    await gather(*[gets(queue, i, counts) for i in range(n)])


@gpu_async
async def waits_notified(condition: Condition, i: int, counts: i64[:]) -> None:
    for turn in range(4):
        try:
            async with timeout(0.00003 * ((i * 7 + turn * 3) % 11)), condition:
                held = atomic_add(counts, 2, 1)
                if held != 0:
                    atomic_add(counts, 3, 1)
                atomic_add(counts, 2, -1)
                try:
                    await condition.wait()
                finally:
                    held = atomic_add(counts, 2, 1)
                    if held != 0:
                        atomic_add(counts, 3, 1)
                    atomic_add(counts, 2, -1)
        except TimeoutError:
            continue


@gpu_async
async def notifies(condition: Condition, i: int) -> None:
    for _ in range(20):
        async with condition:
            condition.notify(2)
        await sleep(0.00001)


@load
async def of_a_condition(n: int, counts: i64[:]) -> int:
    """Whoever leaves `wait` has the lock, whatever the reason."""
    condition = Condition()
    await gather(wait_all(condition, n, counts), notifies(condition, 0), notifies(condition, 1))
    return counts[3] + int(condition.locked())


@gpu_async
async def wait_all(condition: Condition, n: int, counts: i64[:]) -> None:
    await gather(*[waits_notified(condition, i, counts) for i in range(n)])


@gpu_async
async def counts_its_end(event: Event, i: int, counts: i64[:]) -> int:
    try:
        if i % 3 == 0:
            await sleep(0.00001 * (i % 17))
        elif i % 3 == 1:
            await event.wait()
        else:
            while not event.is_set():
                await reschedule()
    finally:
        atomic_add(counts, 0, 1)
    if i == 30:
        raise ValueError
    return 1


@load
async def of_a_group(n: int, counts: i64[:]) -> int:
    """A task fails while others are begun, sleep, wait and spin: each ends once, or never begins."""
    event, begun, caught = Event(), 0, 0
    try:
        async with TaskGroup() as group:
            for i in range(n):
                group.create_task(counts_its_end(event, i, counts))
                begun += 1
                if i % 16 == 0:
                    await reschedule()
    except ExceptionGroup:
        caught = 1
    return 0 if caught == 1 and 1 <= counts[0] <= begun else 1
