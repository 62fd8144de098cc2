"""What synchronisation objects mean: a model in plain Python for the two interpreters, which the device code must
match.

A task waits by giving a `Waiter` and stopping where `wait` says PARKED; whoever wakes it delivers what it waits for.
Time is virtual: it stands still while any task can run, and then jumps to the earliest deadline (`advance`).
"""

from __future__ import annotations

import heapq
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from coro2cuda.frontend.objects import INTERNAL, METHODS
from coro2cuda.lowering.abi import FIRST_ERROR
from coro2cuda.lowering.abi import PARKED_THERE as PARKED

WENT_ON: Final = 0


class Deadlock(AssertionError):
    """Tasks are parked and none can go on."""


@dataclass(eq=False, slots=True)
class Waiter:
    """A task that waits: `wake` gets what it waits for (None where that is nothing), at once or when it is woken."""

    wake: Callable[[Any], None]
    item: Any = None  # what it puts


@dataclass(eq=False, slots=True)
class Thing:
    """An object. `value` is whether an event is set, a lock held or a task done, what a semaphore has left, how many
    are at a barrier, in a group or in a list; `extra` a bound, a size, the parties, or a condition's lock; `items` also
    a task's result, `memory` a list's elements."""

    kind: str
    value: int = 0
    extra: int = 0
    count: int = 1
    waiters: deque[Waiter] = field(default_factory=deque)
    putters: deque[Waiter] = field(default_factory=deque)
    joiners: deque[Waiter] = field(default_factory=deque)
    items: deque[Any] = field(default_factory=deque)
    unfinished: int = 0
    memory: bytearray = field(default_factory=bytearray)


class Objects:
    """All objects of a run by handle, and the clock."""

    def __init__(self) -> None:
        self.things: dict[int, Thing] = {}
        self.now = 0
        self._made = 0
        self._timers: list[tuple[int, int, Waiter]] = []

    # --- life

    def make(self, kind: str, number: int) -> int:
        self._made += 1
        thing = self.things[self._made] = Thing(kind, extra=number)
        handle = self._made
        if kind == "condition":
            if number:
                self.retain(number)
            else:
                thing.extra = self.make("lock", 0)
        elif kind not in ("queue", "barrier", "task"):
            thing.value = number
        return handle

    def make_list(self, length: int, size: int, of_tasks: bool) -> int:
        """With so many elements of so many bytes; tasks are appended."""
        handle = self.make("tasks" if of_tasks else "list", 0 if of_tasks else length)
        self.things[handle].memory = bytearray(length * size)
        return handle

    def retain(self, handle: int) -> None:
        if handle:
            self.things[handle].count += 1

    def release(self, handle: int) -> None:
        if not handle:
            return
        thing = self.things[handle]
        thing.count -= 1
        if thing.count == 0:
            assert not (thing.waiters or thing.putters or thing.joiners), f"a {thing.kind} is freed that tasks wait for"
            del self.things[handle]
            if thing.kind == "condition":
                self.release(thing.extra)
            for task in self._tasks(thing):
                self.release(task)

    def _tasks(self, thing: Thing) -> tuple[int, ...]:
        """The handles in a list of tasks."""
        return struct.unpack_from(f"={thing.value}I", thing.memory) if thing.kind == "tasks" else ()

    # --- waiting

    def wait(self, op: str, target: Any, waiter: Waiter) -> int:
        """Go on, having been woken with what is waited for; or be parked; or an error."""
        if op == "sleep":
            heapq.heappush(self._timers, (self.now + max(target, 0), len(self._timers) + self._made, waiter))
            self._made += 1
            return PARKED
        thing = self.things[target]
        match op:
            case "event.wait":
                return self._unless(not thing.value, thing.waiters, waiter)
            case "lock.acquire":
                held, thing.value = thing.value, 1
                return self._unless(bool(held), thing.waiters, waiter)
            case "condition.acquire":
                return self.wait("lock.acquire", thing.extra, waiter)
            case "semaphore.acquire":
                none_left = thing.value == 0
                thing.value -= not none_left
                return self._unless(none_left, thing.waiters, waiter)
            case "condition.wait":
                if not self.things[thing.extra].value:
                    return FIRST_ERROR
                thing.waiters.append(waiter)
                self.operate("lock.release", thing.extra)
                return PARKED
            case "barrier.wait":
                return self._meet(thing, waiter)
            case "queue.put":
                if self._is_full(thing):
                    return self._unless(True, thing.putters, waiter)
                self._put(thing, waiter.item)
                return self._unless(False, thing.putters, waiter)
            case "queue.get":
                if not thing.items:
                    return self._unless(True, thing.waiters, waiter)
                waiter.wake(self._get(thing))
                return WENT_ON
            case "queue.join":
                return self._unless(thing.unfinished != 0, thing.joiners, waiter)
            case "group.wait":
                return self._unless(thing.value != 0, thing.waiters, waiter)
            case "task.join" | "task.end":
                if not thing.value:
                    return self._unless(True, thing.waiters, waiter)
                waiter.wake(*thing.items or (None,))
                return WENT_ON
        raise AssertionError(op)

    def _unless(self, must_wait: bool, waiters: deque[Waiter], waiter: Waiter) -> int:
        if must_wait:
            waiters.append(waiter)
            return PARKED
        waiter.wake(None)
        return WENT_ON

    def _meet(self, barrier: Thing, waiter: Waiter) -> int:
        before, barrier.value = barrier.value, barrier.value + 1
        if barrier.value < barrier.extra:
            barrier.waiters.append(Waiter(lambda _: waiter.wake(before)))
            return PARKED
        barrier.value = 0
        waiter.wake(before)
        self._wake_all(barrier.waiters)
        return WENT_ON

    def _wake_all(self, waiters: deque[Waiter], item: Any = None) -> None:
        while waiters:
            waiters.popleft().wake(item)

    def advance(self) -> bool:
        """Let time pass until the next sleeper wakes; whether there was one."""
        if not self._timers:
            return False
        self.now, _, waiter = heapq.heappop(self._timers)
        waiter.wake(None)
        return True

    # --- operations that do not wait

    def operate(self, op: str, handle: int, numbers: Sequence[int] = (), item: Any = None) -> tuple[int, Any]:
        """The value, or the number of the error; and the item taken."""
        thing = self.things[handle]
        match op:
            case "event.set" | "event.clear":
                thing.value = int(op == "event.set")
                if thing.value:
                    self._wake_all(thing.waiters)
            case "event.is_set" | "lock.locked":
                return thing.value, None
            case "condition.locked" | "condition.release":
                return self.operate(op.replace("condition", "lock"), thing.extra)
            case "semaphore.locked":
                return int(thing.value == 0), None
            case "lock.release":
                return self._release_lock(thing), None
            case "semaphore.release" | "bounded_semaphore.release":
                if op != "semaphore.release" and thing.value >= thing.extra:
                    return 1, None
                if thing.waiters:
                    thing.waiters.popleft().wake(None)
                else:
                    thing.value += 1
            case "condition.notify" | "condition.notify_all":
                return self._notify(thing, *(numbers or (len(thing.waiters),))), None
            case "barrier.parties" | "queue.maxsize":
                return thing.extra, None
            case "barrier.n_waiting" | "task.done":
                return thing.value, None
            case "task.finish" | "task.close":
                thing.value, thing.items = 1, deque([] if op == "task.close" else [item])
                self._wake_all(thing.waiters, item)
            case "group.enter" | "group.leave":
                thing.value += 1 if op == "group.enter" else -1
                if not thing.value:
                    self._wake_all(thing.waiters)
            case "list.append":
                (task,) = numbers
                self.retain(task)
                struct.pack_into("=I", thing.memory, 4 * thing.value, task)
                thing.value += 1
            case _:
                return self._queue(op, thing, item)
        return 0, None

    def _release_lock(self, lock: Thing) -> int:
        if not lock.value:
            return 1
        if lock.waiters:
            lock.waiters.popleft().wake(None)
        else:
            lock.value = 0
        return 0

    def _notify(self, condition: Thing, count: int) -> int:
        lock = self.things[condition.extra]
        if not lock.value:
            return 1
        for _ in range(min(count, len(condition.waiters))):
            lock.waiters.append(condition.waiters.popleft())
        return 0

    # --- queues

    def _queue(self, op: str, queue: Thing, item: Any) -> tuple[int, Any]:
        match op:
            case "queue.qsize":
                return len(queue.items), None
            case "queue.empty":
                return int(not queue.items), None
            case "queue.full":
                return int(self._is_full(queue)), None
            case "queue.put_nowait":
                if self._is_full(queue):
                    return 1, None
                self._put(queue, item)
                return 0, None
            case "queue.get_nowait":
                return (0, self._get(queue)) if queue.items else (1, None)
            case "queue.task_done":
                if queue.unfinished == 0:
                    return 1, None
                queue.unfinished -= 1
                if queue.unfinished == 0:
                    self._wake_all(queue.joiners)
                return 0, None
        raise AssertionError(op)

    def _is_full(self, queue: Thing) -> bool:
        return 0 < queue.extra <= len(queue.items)

    def _put(self, queue: Thing, item: Any) -> None:
        queue.unfinished += 1
        if queue.waiters:
            queue.waiters.popleft().wake(item)
        else:
            queue.items.append(item)

    def _get(self, queue: Thing) -> Any:
        item = queue.items.popleft()
        if queue.putters:
            putter = queue.putters.popleft()
            self._put(queue, putter.item)
            putter.wake(None)
        return item


def takes(op: str) -> bool:
    """Whether an operation that waits delivers something."""
    kind, _, method = op.partition(".")
    known = METHODS.get(kind, {}) | INTERNAL.get(kind, {})  # type: ignore[call-overload]
    return op != "sleep" and known[method].takes
