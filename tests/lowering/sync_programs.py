"""Programs whose tasks wait for each other; what they return does not depend on the schedule."""

from __future__ import annotations

import asyncio
from asyncio import Barrier, BoundedSemaphore, Condition, Event, Lock, Queue, Semaphore

import numpy
from equation import Programs, coroutine

from coro2cuda.frontend.builtins import atomic_add, create_task, gather, reschedule
from coro2cuda.frontend.dtypes import f32, i8, i32

program = Programs()


# --- Event


@coroutine
async def wait_for(event: Event, x: int) -> int:
    await event.wait()
    return x


@coroutine
async def set_after(event: Event, turns: int) -> int:
    for _ in range(turns):
        await reschedule()
    event.set()
    return turns


@program((0,), (3,))
async def event_wakes_all(n: int) -> int:
    event = Event()
    a, b, c, d = await gather(wait_for(event, n), wait_for(event, n + 1), set_after(event, n), wait_for(event, 7))
    return a * 1000 + b * 100 + c * 10 + d


@program((2,))
async def event_that_is_set_does_not_wait(n: int) -> bool:
    event = asyncio.Event()
    before = event.is_set()
    event.set()
    found = await event.wait()
    event.clear()
    return found and not before and not event.is_set()


@coroutine
async def ping(a: Event, b: Event, turns: int) -> int:
    total = 0
    for i in range(turns):
        await a.wait()
        a.clear()
        total += i
        b.set()
    return total


@program((5,))
async def ping_pong(turns: int) -> int:
    a, b = Event(), Event()
    a.set()
    x, y = await gather(ping(a, b, turns), ping(b, a, turns))
    return x * 100 + y


@program((3,))
async def chain_of_events(n: int) -> int:
    first, second, third = Event(), Event(), Event()
    x, y, z = await gather(link(second, third, n), link(first, second, n + 1), set_after(first, 2))
    await third.wait()
    return x * 100 + y * 10 + z


@coroutine
async def link(before: Event, after: Event, x: int) -> int:
    await before.wait()
    after.set()
    return x


@program((4,))
async def event_polled(n: int) -> int:
    event = Event()
    a, b = await gather(poll(event), set_after(event, n))
    return a * 10 + b


@coroutine
async def poll(event: Event) -> int:
    while not event.is_set():
        await reschedule()
    return 1


# --- Lock


@coroutine
async def add_slowly(lock: Lock, a, times: int) -> None:
    """Loses updates unless the lock keeps others out across the suspension."""
    for _ in range(times):
        await lock.acquire()
        seen = a[0]
        await reschedule()
        a[0] = seen + 1
        lock.release()


@program((numpy.zeros(1, int), 3),)
async def lock_excludes(a, times: int) -> int:
    lock = Lock()
    await gather(add_slowly(lock, a, times), add_slowly(lock, a, times), add_slowly(lock, a, times))
    return a[0]


@coroutine
async def leave_in_many_ways(lock: Lock, a, how: int) -> int:
    for i in range(6):
        async with lock:
            seen = a[0]
            await reschedule()
            a[0] = seen + 1
            if how == 0 and i == 2:
                return 10
            if how == 1 and i == 3:
                break
            if how == 2:
                continue
            await reschedule()
    return how


@program((numpy.zeros(1, int),))
async def every_way_out_of_async_with_releases(a) -> int:
    lock = Lock()
    x, y, z, w = await gather(
        leave_in_many_ways(lock, a, 0), leave_in_many_ways(lock, a, 1),
        leave_in_many_ways(lock, a, 2), leave_in_many_ways(lock, a, 3),
    )  # fmt: skip
    return a[0] * 10000 + x * 100 + y + z + w + lock.locked()


@program((1,))
async def nested_locks_and_two_in_one_with(n: int) -> int:
    a, b, total = Lock(), Lock(), 0
    async with a, b:
        total += a.locked() + b.locked()
        await reschedule()
    async with a, b:
        total += 10
        for _ in range(3):
            async with Lock():
                break
    return total + a.locked() + b.locked()


@program((1,))
async def releasing_a_free_lock_fails(n: int) -> int:
    lock = Lock()
    lock.release()
    return n


@program((0,), (1,))
async def a_lock_in_either_of_two_names(n: int) -> bool:
    first, second = Lock(), Lock()
    chosen = first if n == 0 else second
    await chosen.acquire()
    return first.locked()


@program((4,))
async def new_locks_in_a_loop(n: int) -> int:
    lock, total = Lock(), 0
    for i in range(n):
        await lock.acquire()
        if i % 2:
            lock = Lock()
        else:
            lock.release()
        total = total * 2 + lock.locked()
        await reschedule()
    return total


def is_held(lock: Lock) -> bool:
    return lock.locked()


def made_in_a_helper(n: int) -> Lock:
    lock = Lock()
    if n > 1:
        lock = Lock()
    return lock


def the_other(a: Lock, b: Lock, first: bool) -> Lock:
    if first:
        a = b
    return a


@program((1,), (2,))
async def helpers_borrow_and_return(n: int) -> int:
    a, b = made_in_a_helper(n), made_in_a_helper(n)
    await the_other(a, b, n == 1).acquire()
    return is_held(a) * 2 + is_held(b)


@coroutine
async def made_in_a_coroutine(held: bool) -> Lock:
    lock = Lock()
    if held:
        await lock.acquire()
    await reschedule()
    return lock


@program((1,))
async def returned_by_a_coroutine(n: int) -> int:
    a = await made_in_a_coroutine(True)
    b = await made_in_a_coroutine(False)
    a2 = a
    b = a2
    await reschedule()
    return a.locked() * 10 + b.locked()


@coroutine
async def recursive(lock: Lock, a, depth: int) -> int:
    if depth == 0:
        async with lock:
            seen = a[0]
            await reschedule()
            a[0] = seen + 1
        return 1
    x, y = await gather(recursive(lock, a, depth - 1), recursive(lock, a, depth - 1))
    return x + y


@program((numpy.zeros(1, int), 3))
async def passed_down_a_recursion(a, depth: int) -> int:
    lock = Lock()
    leaves = await recursive(lock, a, depth)
    return leaves * 100 + a[0]


@coroutine
async def called_at_two_places(lock: Lock, x: int) -> int:
    await lock.acquire()
    await reschedule()
    lock.release()
    return x


@program((5,))
async def callee_that_parks_the_frame_of_its_caller(n: int) -> int:
    """The caller's variables are in the frame before the callee parks it."""
    lock = Lock()
    a, b, c = await gather(through_two_calls(lock, n), through_two_calls(lock, n + 1), through_two_calls(lock, n + 2))
    return a * 10000 + b * 100 + c


@coroutine
async def through_two_calls(lock: Lock, n: int) -> int:
    before = n * 3
    first = await called_at_two_places(lock, n)
    after = before + first
    second = await called_at_two_places(lock, after)
    return before + second - after + first


# --- Semaphore


@coroutine
async def at_most(semaphore: Semaphore, a, turns: int) -> None:
    """a[0]: how many are inside; a[1]: the most there ever were."""
    async with semaphore:
        a[0] += 1
        a[1] = max(a[1], a[0])
        for _ in range(turns):
            await reschedule()
        a[0] -= 1


@program((numpy.zeros(2, int), 1), (numpy.zeros(2, int), 4))
async def semaphore_of_one(a, turns: int) -> int:
    semaphore = Semaphore()
    await gather(at_most(semaphore, a, turns), at_most(semaphore, a, 1), at_most(semaphore, a, turns))
    return a[1]


@program((1,), (3,))
async def semaphore_values(n: int) -> int:
    semaphore, total = Semaphore(n), 0
    for _ in range(n):
        total = total * 10 + semaphore.locked()
        await semaphore.acquire()
    total = total * 10 + semaphore.locked()
    semaphore.release()
    return total * 10 + semaphore.locked()


@coroutine
async def take(semaphore: Semaphore, times: int) -> int:
    for _ in range(times):
        await semaphore.acquire()
    return times


@coroutine
async def give(semaphore: Semaphore, times: int) -> int:
    for i in range(times):
        semaphore.release()
        if i % 2:
            await reschedule()
    return times


@program((6,))
async def semaphore_as_a_counter(n: int) -> int:
    semaphore = Semaphore(0)
    a, b, c = await gather(take(semaphore, n), give(semaphore, n * 2), take(semaphore, n))
    return a + b + c + semaphore.locked()


@program((2,))
async def bounded_semaphore_is_bounded(n: int) -> int:
    semaphore = BoundedSemaphore(n)
    async with semaphore:
        await reschedule()
    semaphore.release()
    return n


@program((-1,), (0,))
async def semaphore_of_a_negative_value(n: int) -> bool:
    return Semaphore(n).locked()


# --- Condition


@coroutine
async def wait_until(condition: Condition, a, wanted: int) -> int:
    async with condition:
        while a[0] < wanted:
            await condition.wait()
        return wanted


@coroutine
async def count_up(condition: Condition, a, most: int, everybody: bool) -> int:
    for _ in range(most):
        async with condition:
            a[0] += 1
            if everybody:
                condition.notify_all()
            else:
                condition.notify(2)
        await reschedule()
    return most


@program((numpy.zeros(1, int), 4, True), (numpy.zeros(1, int), 3, False))
async def condition_notifies(a, n: int, everybody: bool) -> int:
    condition = Condition()
    x, y, z = await gather(
        wait_until(condition, a, n), wait_until(condition, a, n), count_up(condition, a, n, everybody)
    )
    return x * 100 + y * 10 + z


def at_least(a, wanted: int) -> bool:
    return a[0] >= wanted


@coroutine
async def wait_for_as_many(condition: Condition, a, wanted: int) -> int:
    """A test, which is looked at again after each notification, and not at all where it holds."""
    async with condition:
        await condition.wait_for(lambda: at_least(a, wanted))
        seen = a[0]
        if wanted > 1:
            await condition.wait_for(lambda: a[0] >= seen and wanted > 0)
        return seen * 0 + wanted


@program((numpy.zeros(1, int), 4, True), (numpy.zeros(1, int), 3, False))
async def condition_waits_for_a_test(a, n: int, everybody: bool) -> int:
    condition = Condition()
    x, y, z = await gather(
        wait_for_as_many(condition, a, n), wait_for_as_many(condition, a, n), count_up(condition, a, n, everybody)
    )
    return x * 100 + y * 10 + z


@program((numpy.zeros(1, int), 2))
async def condition_with_a_lock_of_ours(a, n: int) -> int:
    lock = Lock()
    condition = Condition(lock)
    await lock.acquire()
    held = condition.locked()
    condition.release()
    x, y = await gather(wait_until(condition, a, n), count_up(condition, a, n, True))
    return x * 100 + y * 10 + held + lock.locked()


@program((1,))
async def condition_wait_without_its_lock(n: int) -> bool:
    return await Condition().wait()


@program((1,))
async def notify_without_the_lock(n: int) -> int:
    condition = Condition()
    condition.notify()
    return n


# --- Queue


@coroutine
async def produce(queue: Queue[int], first: int, count: int) -> int:
    for i in range(count):
        await queue.put(first + i)
    return count


@coroutine
async def consume(queue: Queue[int], count: int) -> int:
    total = 0
    for _ in range(count):
        total += await queue.get()
        queue.task_done()
    return total


@program((0, 5), (1, 6), (3, 8))
async def producers_and_consumers(size: int, n: int) -> int:
    queue = Queue[int](size)
    a, b, c, d = await gather(
        produce(queue, 0, n), consume(queue, n), produce(queue, 100, n), consume(queue, n)
    )
    return (b + d) * 100 + a + c + queue.qsize()


@coroutine
async def in_order(queue: Queue[int], count: int) -> int:
    found = 0
    for _ in range(count):
        found = found * 10 + await queue.get()
    return found


@program((0,), (1,), (2,))
async def one_producer_one_consumer_in_order(size: int) -> int:
    queue = Queue[int](maxsize=size)
    found, _ = await gather(in_order(queue, 6), produce(queue, 1, 6))
    return found


@program((3,))
async def queue_of_tuples(n: int) -> float:
    queue = Queue[tuple[i32, bool, f32]](1)
    total, _ = await gather(sum_tuples(queue, n), put_tuples(queue, n))
    return total


@coroutine
async def put_tuples(queue: Queue[tuple[i32, bool, f32]], n: int) -> int:
    for i in range(n):
        await queue.put((i32(i), i % 2 == 0, f32(i * 0.5)))
    return n


@coroutine
async def sum_tuples(queue: Queue[tuple[i32, bool, f32]], n: int) -> float:
    total = 0.0
    for _ in range(n):
        a, b, c = await queue.get()
        total += a * 100 + (10 if b else 0) + float(c)
    return total


@program((5,))
async def queue_of_bytes(n: int) -> int:
    """Items narrower than a word beside other variables in the frame."""
    queue: Queue[i8] = Queue(2)
    x, y = await gather(sum_bytes(queue, n), put_bytes(queue, n))
    return x * 10 + int(y)


@coroutine
async def put_bytes(queue: Queue[i8], n: int) -> i8:
    a: i8 = 3
    b: i8 = 5
    for i in range(n):
        await queue.put(i8(i) + a)
        a, b = b, a
    return a + b


@coroutine
async def sum_bytes(queue: Queue[i8], n: int) -> int:
    low: i8 = 1
    high: i8 = 2
    total = 0
    for _ in range(n):
        x = await queue.get()
        total += int(x) * low + high
        low, high = high, low
    return total


@program((1,), (4,))
async def nowait(n: int) -> int:
    queue = Queue[float](n)
    put = 0
    while not queue.full():
        queue.put_nowait(put * 0.5)
        put += 1
    size = queue.qsize()
    total = 0.0
    while not queue.empty():
        total += queue.get_nowait()
        queue.task_done()
    await queue.join()
    return put * 100 + size * 10 + int(total) + queue.maxsize


@program((2,))
async def put_nowait_into_a_full_queue(n: int) -> int:
    queue = Queue[int](n)
    for i in range(n + 1):
        queue.put_nowait(i)
    return n


@program((2,))
async def get_nowait_from_an_empty_queue(n: int) -> int:
    queue = Queue[int](n)
    return queue.get_nowait()


@program((1,))
async def task_done_too_often(n: int) -> int:
    queue = Queue[int]()
    queue.task_done()
    return n


@program((5,))
async def join_waits_for_all(n: int) -> int:
    queue = Queue[int]()
    await produce(queue, 1, n)
    done, total, more = await gather(joined(queue, n), consume(queue, n), joined(queue, n + 1))
    return done * 1000 + total * 10 + more


@coroutine
async def joined(queue: Queue[int], n: int) -> int:
    await queue.join()
    return n + queue.qsize()


@program((20,))
async def a_ring_that_grows_while_it_turns(n: int) -> int:
    queue = Queue[int]()
    found = 0
    for i in range(n):
        queue.put_nowait(i)
        queue.put_nowait(i + 100)
        found = (found * 7 + queue.get_nowait()) % 1_000_003
    while not queue.empty():
        found = (found * 7 + await queue.get()) % 1_000_003
    return found


@program((3,))
async def stages_of_a_pipeline(n: int) -> int:
    a, b = Queue[int](1), Queue[int](2)
    _, _, total = await gather(produce(a, 1, n), double(a, b, n), consume(b, n))
    return total


@coroutine
async def double(source: Queue[int], to: Queue[int], n: int) -> int:
    for _ in range(n):
        await to.put(await source.get() * 2)
    return n


@program((4,))
async def sentinel(n: int) -> int:
    queue = Queue[int](2)
    total, _ = await gather(until_negative(queue), ending(queue, n))
    return total


@coroutine
async def until_negative(queue: Queue[int]) -> int:
    total = 0
    while (x := await queue.get()) >= 0:
        total += x
    return total


@coroutine
async def ending(queue: Queue[int], n: int) -> int:
    for i in range(n):
        await queue.put(i)
    await queue.put(-1)
    return n


# --- Barrier


@coroutine
async def rounds(barrier: Barrier, a, me: int, count: int) -> int:
    """Nobody begins a round before all have ended the last; the numbers of a round add up."""
    fine = 1
    for turn in range(count):
        a[me] = turn + 1
        atomic_add(a, 3, await barrier.wait())
        for other in range(3):
            if a[other] < turn + 1:
                fine = 0
        await barrier.wait()
    return fine


@program((numpy.zeros(4, int), 3))
async def barrier_in_rounds(a, count: int) -> int:
    barrier = Barrier(3)
    x, y, z = await gather(rounds(barrier, a, 0, count), rounds(barrier, a, 1, count), rounds(barrier, a, 2, count))
    return x * 1000 + y * 100 + z * 10 + barrier.parties + barrier.n_waiting


@program((1,))
async def barrier_of_one(n: int) -> int:
    barrier = Barrier(n)
    return await barrier.wait() * 10 + await barrier.wait()


@program((0,))
async def barrier_of_none(n: int) -> int:
    return await Barrier(n).wait()


# --- together


@coroutine
async def philosopher(first: Lock, second: Lock, meals: int) -> int:
    eaten = 0
    for _ in range(meals):
        async with first:
            await reschedule()
            async with second:
                eaten += 1
    return eaten


@program((3,))
async def philosophers(meals: int) -> int:
    a, b, c = Lock(), Lock(), Lock()
    x, y, z = await gather(philosopher(a, b, meals), philosopher(b, c, meals), philosopher(a, c, meals))
    return x * 100 + y * 10 + z


@coroutine
async def transfer(accounts, low: Lock, high: Lock, source: int, to: int, amount: int) -> None:
    async with low, high:
        held = accounts[source]
        await reschedule()
        accounts[source] = held - amount
        accounts[to] += amount


@program((numpy.array([100, 50]),))
async def accounts_keep_their_sum(accounts) -> int:
    a, b = Lock(), Lock()
    await gather(
        transfer(accounts, a, b, 0, 1, 10), transfer(accounts, a, b, 1, 0, 3), transfer(accounts, a, b, 0, 1, 7)
    )
    return accounts[0] * 1000 + accounts[1]


@program((3,))
async def objects_go_with_their_tasks(n: int) -> int:
    """Tasks that make objects of their own, many times."""
    total = 0
    for i in range(n):
        a, b = await gather(own_objects(i), own_objects(i + 1))
        total += a + b
    return total


@coroutine
async def own_objects(n: int) -> int:
    queue, event = Queue[int](1), Event()
    event.set()
    await event.wait()
    x, y = await gather(produce(queue, n, 2), consume(queue, 2))
    return x + y


# --- tasks that nobody joins, and as many as the data says


@coroutine
async def worker(jobs: Queue[int], answers: Queue[int]) -> None:
    while (job := await jobs.get()) >= 0:
        await answers.put(job * job)
        jobs.task_done()
    jobs.task_done()


@program((1, 6), (3, 10))
async def pool_of_workers(workers: int, count: int) -> int:
    jobs, answers, total = Queue[int](2), Queue[int](), 0
    for _ in range(workers):
        create_task(worker(jobs, answers))
    for i in range(count):
        await jobs.put(i)
    for _ in range(workers):
        await jobs.put(-1)
    await jobs.join()
    while not answers.empty():
        total += answers.get_nowait()
    return total


@coroutine
async def set_at_last(event: Event, x: int) -> None:
    for _ in range(x):
        await reschedule()
    event.set()


@program((3,))
async def a_task_that_sets_an_event(n: int) -> int:
    event = Event()
    create_task(set_at_last(event, n))
    await event.wait()
    return n


@coroutine
async def one_more(lock: Lock, a, x: int) -> int:
    async with lock:
        seen = a[0]
        await reschedule()
        a[0] = seen + 1
    return x


@program((numpy.zeros(1, int), 13), (numpy.zeros(1, int), 0))
async def as_many_as_the_data_says(a, n: int) -> int:
    lock = Lock()
    total = sum(await gather(*[one_more(lock, a, i) for i in range(n)]))
    await gather(*[one_more(lock, a, i) for i in range(n) if i % 3 == 0])
    return total * 100 + a[0]


@program((3,))
async def an_item_that_is_there(n: i32) -> i32:
    """What `get` finds at once is delivered into a frame that this function has already read."""
    queue = Queue[i32](1)
    a: i32 = 1
    b: i32 = 2
    c: i32 = 3
    d: i32 = 4
    for i in range(n):
        await reschedule()
        queue.put_nowait(i)
        a, b, c, d = b, c, d, a + await queue.get()
    return a + b * 2 + c * 3 + d * 4


# --- time


@coroutine
async def sleep_then_note(a, me: int, seconds: float, lock: Lock) -> None:
    await asyncio.sleep(seconds)
    async with lock:
        a[0] += 1
        a[a[0]] = me


@program((numpy.zeros(4, int),))
async def sleepers_wake_in_order(a) -> int:
    """Far enough apart for any machine."""
    lock = Lock()
    await gather(
        sleep_then_note(a, 2, 0.04, lock), sleep_then_note(a, 1, 0.0, lock), sleep_then_note(a, 3, 0.08, lock)
    )
    return a[0]
