"""Small programs for the explorer whose tasks wait for objects and for time, or fail."""

from __future__ import annotations

from coro2cuda import (
    Barrier,
    Condition,
    Event,
    Lock,
    Queue,
    Semaphore,
    TaskGroup,
    create_task,
    gather,
    gpu_async,
    i32,
    reschedule,
    sleep,
)

# --- waiting for objects


@gpu_async
async def waits(event: Event, n: i32) -> i32:
    await event.wait()
    return n


@gpu_async
async def sets(event: Event) -> i32:
    await reschedule()
    event.set()
    return i32(1)


@gpu_async
async def signal(n: i32) -> i32:
    event = Event()
    a, b = await gather(waits(event, n), sets(event))
    return a + b


@gpu_async
async def arrives(event: Event, here: Queue[i32], n: i32) -> i32:
    here.put_nowait(n)
    await event.wait()
    return n


@gpu_async
async def sets_late(event: Event, here: Queue[i32], most: i32) -> i32:
    """When so many have come: they are about to wait, or do."""
    while here.qsize() < most:
        await reschedule()
    event.set()
    return i32(1)


@gpu_async
async def crowd(n: i32) -> i32:
    """More waiters than the ring of woken frames has places."""
    event = Event()
    here = Queue[i32]()
    a, b, c, d, e = await gather(arrives(event, here, n), arrives(event, here, n), arrives(event, here, n),
                                 arrives(event, here, n), sets_late(event, here, i32(4)))  # fmt: skip
    return a + b + c + d + e


@gpu_async
async def crowds(n: i32) -> i32:
    """One crowd after the other: ring and chain are used again."""
    return await crowd(n) + await crowd(n + 1)


@gpu_async
async def polls(event: Event) -> i32:
    """Would shut the one out that sets the event, if newest tasks always came first."""
    while not event.is_set():
        await reschedule()
    return i32(1)


@gpu_async
async def polled(n: i32) -> i32:
    event = Event()
    a, b, c = await gather(sets(event), polls(event), polls(event))
    return a + b + c + n


@gpu_async
async def in_turn(all_there: Barrier, before: Event, after: Event) -> i32:
    await all_there.wait()
    while not before.is_set():
        await reschedule()
    after.set()
    return i32(1)


@gpu_async
async def four_in_turn(all_there: Barrier) -> i32:
    a, b, c, d, e = Event(), Event(), Event(), Event(), Event()
    a.set()
    w, x, y, z = await gather(
        in_turn(all_there, a, b), in_turn(all_there, b, c), in_turn(all_there, c, d), in_turn(all_there, d, e)
    )
    return w + x + y + z


@gpu_async
async def all_poll(n: i32) -> i32:
    """All in one state at once, and only two of them can go on at a time."""
    all_there = Barrier(8)
    a, b = await gather(four_in_turn(all_there), four_in_turn(all_there))
    return a + b + n


@gpu_async
async def sets_by_children(event: Event, n: i32) -> i32:
    """Needs frames late, when those that poll have theirs."""
    for _ in range(n):
        await reschedule()
    a, b = await gather(sets(event), sets(event))
    return a + b


@gpu_async
async def polled_late(n: i32) -> i32:
    event = Event()
    a, b, c = await gather(polls(event), sets_by_children(event, n), polls(event))
    return a + b + c + n


@gpu_async
async def ping(mine: Event, other: Event, n: i32) -> i32:
    for _ in range(n):
        await mine.wait()
        mine.clear()
        other.set()
    return n


@gpu_async
async def ping_pong(n: i32) -> i32:
    a, b = Event(), Event()
    a.set()
    x, y = await gather(ping(a, b, n), ping(b, a, n))
    return x + y


@gpu_async
async def alone(lock: Lock, cell: Queue[i32], n: i32) -> i32:
    """Finds the cell empty if another is between the lines."""
    for _ in range(n):
        await lock.acquire()
        seen = cell.get_nowait()
        await reschedule()
        cell.put_nowait(seen + 1)
        lock.release()
    return n


@gpu_async
async def exclusive(n: i32) -> i32:
    lock = Lock()
    cell = Queue[i32]()
    cell.put_nowait(i32(0))
    a, b, c = await gather(alone(lock, cell, n), alone(lock, cell, n), alone(lock, cell, n))
    return cell.get_nowait() * 100 + a + b + c


@gpu_async
async def few(semaphore: Semaphore, room: Queue[i32], n: i32) -> i32:
    """At most two at once: a third finds no room."""
    await semaphore.acquire()
    room.put_nowait(n)
    await reschedule()
    room.get_nowait()
    semaphore.release()
    return n


@gpu_async
async def two_at_once(n: i32) -> i32:
    semaphore = Semaphore(2)
    room = Queue[i32](2)
    a, b, c, d = await gather(few(semaphore, room, n), few(semaphore, room, n), few(semaphore, room, n),
                              few(semaphore, room, n))  # fmt: skip
    return a + b + c + d


@gpu_async
async def puts(queue: Queue[i32], n: i32) -> i32:
    for i in range(n):
        await queue.put(i32(i + 1))
    return i32(0)


@gpu_async
async def gets(queue: Queue[i32], n: i32) -> i32:
    total = i32(0)
    for _ in range(n):
        total = total * 10 + await queue.get()
    return total


@gpu_async
async def pipe(n: i32) -> i32:
    """Room for one: whoever is faster waits."""
    queue = Queue[i32](1)
    a, b = await gather(puts(queue, n), gets(queue, n))
    return a + b


@gpu_async
async def writes(queue: Queue[i32], n: i32, there: i32[:], back: i32[:]) -> i32:
    """When there is room for the next item the last one has been got, and what its getter wrote before is there."""
    total = i32(0)
    for i in range(n):
        there[i] = i32(i + 1)
        await queue.put(i32(i))
        if i > 0:
            total += back[i - 1]
    return total


@gpu_async
async def reads(queue: Queue[i32], n: i32, there: i32[:], back: i32[:]) -> i32:
    total = i32(0)
    for i in range(n):
        back[i] = i32(10 * (i + 1))
        total += there[await queue.get()]
    return total


@gpu_async
async def relay(n: i32, there: i32[:], back: i32[:]) -> i32:
    """A queue puts in order what each side wrote before."""
    queue = Queue[i32](1)
    a, b = await gather(writes(queue, n, there, back), reads(queue, n, there, back))
    return a + b


@gpu_async
async def collects(queue: Queue[i32], n: i32) -> i32:
    total = i32(0)
    for _ in range(n):
        total += await queue.get()
    return total


@gpu_async
async def market(n: i32) -> i32:
    """Two put and two get, through a ring that wraps."""
    queue = Queue[i32](2)
    a, b, c, d = await gather(puts(queue, n), collects(queue, n), puts(queue, n), collects(queue, n))
    return a + b + c + d


@gpu_async
async def hoard(n: i32) -> i32:
    """Any number of items, for which the ring has to grow while others put and get some."""
    queue = Queue[i32]()
    a, b, c = await gather(puts(queue, n), puts(queue, n), collects(queue, i32(2 * n)))
    return a + b + c


@gpu_async
async def finishes(queue: Queue[i32], n: i32) -> i32:
    total = i32(0)
    for _ in range(n):
        total = total * 10 + await queue.get()
        queue.task_done()
    return total


@gpu_async
async def settled(n: i32) -> i32:
    """What has been got has been put, also for `task_done`."""
    queue = Queue[i32](2)
    a, b, c = await gather(puts(queue, n), finishes(queue, n), joins(queue))
    return a + b + c


@gpu_async
async def joins(queue: Queue[i32]) -> i32:
    await queue.join()
    return i32(0)


@gpu_async
async def takes(queue: Queue[i32]) -> i32:
    found = await queue.get()
    queue.task_done()
    return found


@gpu_async
async def fills(queue: Queue[i32], n: i32) -> i32:
    for i in range(n):
        await queue.put(i32(i))
    await queue.join()
    return i32(100)


@gpu_async
async def workers(n: i32) -> i32:
    queue = Queue[i32]()
    a, b, c = await gather(takes(queue), takes(queue), fills(queue, i32(2)))
    return a + b + c + n


@gpu_async
async def meets(barrier: Barrier) -> i32:
    first = await barrier.wait()
    second = await barrier.wait()
    return i32(first) + i32(second)


@gpu_async
async def barrier(n: i32) -> i32:
    """Each of 0, 1 and 2 is given once, and once again."""
    point = Barrier(3)
    a, b, c = await gather(meets(point), meets(point), meets(point))
    return a + b + c + n


@gpu_async
async def hopes(condition: Condition, box: i32[:]) -> i32:
    await condition.acquire()
    while box[0] == 0:
        await condition.wait()
    box[0] -= 1
    condition.release()
    return i32(2)


@gpu_async
async def tells(condition: Condition, box: i32[:], n: i32) -> i32:
    for _ in range(n):
        await reschedule()
        await condition.acquire()
        box[0] += 1
        condition.notify()
        condition.release()
    return n


@gpu_async
async def conditions(n: i32, box: i32[:]) -> i32:
    condition = Condition()
    a, b, c = await gather(hopes(condition, box), hopes(condition, box), tells(condition, box, i32(2)))
    return a + b + c + n


@gpu_async
async def detached(n: i32) -> i32:
    """Nobody awaits who uses the event: any of them may be the last."""
    event = Event()
    create_task(waits(event, n))
    await reschedule()
    create_task(waits(event, n))
    await reschedule()
    event.set()
    return n


@gpu_async
async def adds(n: i32) -> i32:
    await reschedule()
    return n + 1


@gpu_async
async def awaited_twice(n: i32) -> i32:
    task = create_task(adds(n))
    a, b = await gather(shares(n), adds(n))
    c = await task
    return a + b + c + await task


@gpu_async
async def shares(n: i32) -> i32:
    task = create_task(adds(n))
    await reschedule()
    return await task


@gpu_async
async def one_after_another(n: i32) -> i32:
    """Few objects at a time, made in whatever warp the last child has ended in."""
    total: i32 = 0
    for i in range(n):
        event = Event()
        a, b = await gather(signals(event), adds(i))
        total += a + b
    return total


@gpu_async
async def signals(event: Event) -> i32:
    await reschedule()
    event.set()
    return 1


@gpu_async
async def groups(n: i32) -> i32:
    queue = Queue[i32]()
    async with TaskGroup() as group:
        group.create_task(puts(queue, n))
        group.create_task(puts(queue, n))
    return i32(queue.qsize())


@gpu_async
async def naps(event: Event, n: i32) -> i32:
    await sleep(1e-6 * n)
    event.set()
    return n


@gpu_async
async def dozes(n: i32) -> i32:
    """A sleeper wakes one that waits."""
    event = Event()
    a, b, c = await gather(naps(event, n), waits(event, n), naps(event, n + 2))
    return a + b + c


@gpu_async
async def forgets(event: Event, other: Event) -> i32:
    await other.wait()
    event.set()
    return i32(1)


@gpu_async
async def stuck(n: i32) -> i32:
    """Both wait for ever."""
    a, b = Event(), Event()
    x, y = await gather(forgets(a, b), forgets(b, a))
    return x + y + n


# --- root tasks that share objects of the host


@gpu_async
async def turns(lock: Lock, inside: Event, n: i32) -> i32:
    """-1 if another is between the lines."""
    for _ in range(n):
        await lock.acquire()
        if inside.is_set():
            return i32(-1)
        inside.set()
        await reschedule()
        inside.clear()
        lock.release()
    return n


@gpu_async
async def all_meet(barrier: Barrier, n: i32) -> i32:
    """As many root tasks as parties, and nobody forks."""
    await barrier.wait()
    await reschedule()
    await barrier.wait()
    return n


@gpu_async
async def first_polls(first: Lock, event: Event, n: i32) -> i32:
    """The first root task polls until another has come."""
    if first.locked():
        event.set()
        return n
    await first.acquire()
    while not event.is_set():
        await reschedule()
    first.release()
    return n


# --- failing


@gpu_async
async def fails_if(n: i32, bad: i32) -> i32:
    await reschedule()
    if n == bad:
        raise ValueError
    return n


@gpu_async
async def caught(n: i32) -> i32:
    """One child of three fails; the siblings end, and the parent goes on."""
    total = n
    try:
        a, b, c = await gather(fails_if(i32(0), i32(1)), fails_if(i32(1), i32(1)), fails_if(i32(2), i32(1)))
        total += a + b + c
    except ValueError:
        total += 100
    d, e = await gather(fails_if(n, i32(0)), fails_if(n, i32(0)))
    return total + d + e


@gpu_async
async def deep(n: i32) -> i32:
    """A tree whose leaves fail, half of which are caught half way up."""
    await reschedule()
    if n == 0:
        raise ValueError
    if n == 2:
        try:
            a, b = await gather(deep(n - 1), deep(n - 1))
            return a + b
        except ValueError:
            return i32(1)
    a, b = await gather(deep(n - 1), deep(n - 1))
    return a + b


@gpu_async
async def uncaught(n: i32) -> i32:
    a, b = await gather(fails_if(n, n), fails_if(n, n + 1))
    return a + b


@gpu_async
async def recovers(n: i32) -> i32:
    try:
        a, b = await gather(fails_if(n, n), fails_if(n, n))
        return a + b
    except ValueError:
        return n


@gpu_async
async def mixed(n: i32) -> i32:
    """One child fails, the other handles what its own children raise."""
    try:
        a, b = await gather(recovers(n), fails_if(n, n))
        return a + b
    except ValueError:
        c, d = await gather(recovers(n), fails_if(n, i32(0)))
        return c + d
