"""What synchronisation objects mean: a model in plain Python for the two interpreters, which the device code must
match.

A task waits by giving a `Waiter` and stopping where `wait` says PARKED; whoever wakes it delivers what it waits for.
Scopes and who is parked are kept by `scopes_model`.
Time is virtual: it stands still while any task can run, and then jumps to the earliest deadline (`advance`).
"""

from __future__ import annotations

import heapq
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from coro2cuda.frontend.objects import INTERNAL, METHODS
from coro2cuda.lowering.abi import CANCELLED, FIRST_ERROR, TASK_FAILED
from coro2cuda.lowering.abi import PARKED_THERE as PARKED
from coro2cuda.lowering.scopes_model import Scope, Scopes, Strand, Waiter

WENT_ON: Final = 0
MOST: Final = 0xFFFFFFFF


class Deadlock(AssertionError):
    """Tasks are parked and none can go on."""


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
        self.scopes = Scopes()
        self.lost: list[int] = []  # errors of tasks that nobody has seen
        self.forgotten: list[int] = []  # others, of tasks that are freed
        self.now = 0
        self._made = 0
        self._timers: list[tuple[int, int, Waiter | int]] = []

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
        if kind in ("task", "group", "timeout"):
            self.scopes.scopes[handle] = Scope()
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
            scope = self.scopes.scopes.pop(handle, None)
            if scope is not None and thing.kind == "task":
                (self.lost if scope.unseen else self.forgotten).extend(scope.errors)
            for task in self._tasks(thing):
                self.release(task)

    def _tasks(self, thing: Thing) -> tuple[int, ...]:
        """The handles in a list of tasks."""
        return struct.unpack_from(f"={thing.value}I", thing.memory) if thing.kind == "tasks" else ()

    # --- waiting

    def wait(self, op: str, target: Any, waiter: Waiter) -> int:
        """Go on, having been woken with what is waited for; or be parked; or an error, or CANCELLED."""
        if op == "sleep":
            if not self.scopes.park(waiter, None, 0):
                return CANCELLED
            self._start_timer(max(target, 0), waiter)
            return PARKED
        thing = self.things[target]
        match op:
            case "event.wait":
                return self._unless(not thing.value, thing.waiters, waiter, target)
            case "lock.acquire":
                held, thing.value = thing.value, 1
                return self._unless(bool(held), thing.waiters, waiter, target)
            case "condition.acquire":
                return self.wait("lock.acquire", thing.extra, waiter)
            case "semaphore.acquire":
                none_left = thing.value == 0
                thing.value -= not none_left
                return self._unless(none_left, thing.waiters, waiter, target)
            case "condition.wait":
                if not self.things[thing.extra].value:
                    return FIRST_ERROR
                if not self.scopes.park(waiter, thing.waiters, target):
                    return CANCELLED
                self.operate("lock.release", thing.extra)
                return PARKED
            case "barrier.wait":
                return self._meet(thing, waiter, target)
            case "queue.put":
                if self._is_full(thing):
                    return self._unless(True, thing.putters, waiter, target)
                self._put(thing, waiter.item)
                return self._unless(False, thing.putters, waiter, target)
            case "queue.get":
                if not thing.items:
                    return self._unless(True, thing.waiters, waiter, target)
                self._wake(waiter, self._get(thing))
                return WENT_ON
            case "queue.join":
                return self._unless(thing.unfinished != 0, thing.joiners, waiter, target)
            case "group.wait":
                waiter.through = True
                return self._unless(thing.value != 0, thing.waiters, waiter, target)
            case "task.join" | "task.end":
                if not thing.value:
                    return self._unless(True, thing.waiters, waiter, target)
                if self.scopes.scopes[target].ended != "finish":
                    return TASK_FAILED
                self._wake(waiter, *thing.items or (None,))
                return WENT_ON
        raise AssertionError(op)

    def _unless(self, must_wait: bool, waiters: deque[Waiter], waiter: Waiter, handle: int) -> int:
        if must_wait:
            return PARKED if self.scopes.park(waiter, waiters, handle) else CANCELLED
        self._wake(waiter, None)
        return WENT_ON

    def _wake(self, waiter: Waiter, item: Any, outcome: int = 0) -> None:
        self.scopes.woken(waiter)
        waiter.outcome = CANCELLED if waiter.owed else outcome
        waiter.wake(item)

    def _meet(self, barrier: Thing, waiter: Waiter, handle: int) -> int:
        before = waiter.item = barrier.value
        if before + 1 < barrier.extra:
            if not self.scopes.park(waiter, barrier.waiters, handle):
                return CANCELLED
            barrier.value += 1
            return PARKED
        barrier.value = 0
        self._wake(waiter, before)
        while barrier.waiters:
            first = barrier.waiters.popleft()
            self._wake(first, first.item)
        return WENT_ON

    def _wake_all(self, waiters: deque[Waiter], item: Any = None, outcome: int = 0) -> None:
        while waiters:
            self._wake(waiters.popleft(), item, outcome)

    def _start_timer(self, duration: int, who: Waiter | int) -> None:
        self._made += 1
        heapq.heappush(self._timers, (self.now + duration, self._made, who))

    def advance(self) -> bool:
        """Let time pass until the next sleeper wakes, or a timeout is over; whether there was one."""
        while self._timers:
            self.now, _, who = heapq.heappop(self._timers)
            if isinstance(who, Waiter):
                if who not in self.scopes.parked:
                    continue  # it was cancelled
                self._wake(who, None)
            elif who not in self.scopes.scopes or self.things[who].value:
                continue  # it was left
            else:
                self.scopes.scopes[who].expired = True
                self.cancel(who)
            return True
        return False

    # --- cancellation

    def cancel(self, handle: int) -> None:
        """Everything in a scope is to get CancelledError once more."""
        for waiter in self.scopes.request(handle):
            self._withdraw(waiter)

    def _withdraw(self, waiter: Waiter) -> None:
        thing = self.things.get(waiter.handle)
        if thing is not None and thing.kind == "lock" and waiter.notified:
            waiter.owed = True
            return
        if waiter.queue is not None:
            waiter.queue.remove(waiter)
        if thing is not None and thing.kind == "barrier":
            thing.value -= 1
        if thing is not None and thing.kind == "condition":
            lock = self.things[thing.extra]
            waiter.owed = True
            if lock.value:
                waiter.queue, waiter.handle = lock.waiters, thing.extra
                lock.waiters.append(waiter)
                return
            lock.value = 1
        self._wake(waiter, None, CANCELLED)

    def operate_framed(self, op: str, numbers: Sequence[int], strand: Strand) -> int:
        """What is done with the scope that a strand runs in."""
        if op == "scope.poll":
            return CANCELLED if self.scopes.poll(strand) else 0
        handle, *others = numbers
        scope = self.scopes.scopes[handle]
        match op:
            case "task.begin" | "group.begin":
                strand.scope, strand.seen = handle, others[0] if others else 0
                return CANCELLED if self.scopes.poll(strand) else 0
            case "group.open" | "timeout.open":
                self.scopes.enter(handle, strand)
                return 0
            case "group.close":
                self.scopes.leave(handle, strand)
                return int(bool(scope.errors))
            case "timeout.close":
                self.things[handle].value = 1  # its deadline means nothing any more
                if others[0]:
                    strand.seen = MOST
                self.scopes.leave(handle, strand)
                return int(scope.expired and not scope.inherited)
        raise AssertionError(op)

    def _operate_scope(self, op: str, handle: int, numbers: Sequence[int], item: Any) -> int:
        thing, scope = self.things[handle], self.scopes.scopes[handle]
        match op:
            case "task.finish" | "task.close":
                thing.items = deque([] if op == "task.close" else [item])
                self._end_task(handle, "finish", item, 0)
            case "task.fail" | "task.lose" | "task.cease":
                scope.errors, scope.unseen = list(numbers), op == "task.fail"
                self._end_task(handle, op.partition(".")[2], None, TASK_FAILED)
            case "task.error":
                scope.unseen = False
                return scope.errors[0]
            case "task.cancelled":
                return int(scope.ended == "cease")
            case "task.cancel":
                if thing.value:
                    return 0
                self.cancel(handle)
                return 1
            case "group.enter":
                thing.value += 1
                return 0 if scope.cancelled else scope.requests
            case "group.leave":
                thing.value -= 1
                if not thing.value:
                    self._wake_all(thing.waiters)
            case "group.adopt":
                self.scopes.adopt(handle, numbers[0], numbers[1])
            case "group.fail" | "group.share":
                scope.errors.append(numbers[0])
                self._operate_scope("group.cancel", handle, (), None)
            case "group.cancel":
                if not scope.cancelled:
                    scope.cancelled = True
                    self.cancel(handle)
            case "timeout.arm":
                self._start_timer(max(numbers[0], 0), handle)
            case "group.errors":
                pass  # whose they are then is the interpreter's to say
            case _:
                raise AssertionError(op)
        return 0

    def _end_task(self, handle: int, how: str, item: Any, outcome: int) -> None:
        thing, scope = self.things[handle], self.scopes.scopes[handle]
        thing.value, scope.ended = 1, how
        self._wake_all(thing.waiters, item, outcome)
        self.scopes.part(handle)

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
                    self._wake(thing.waiters.popleft(), None)
                else:
                    thing.value += 1
            case "condition.notify" | "condition.notify_all":
                return self._notify(thing, *(numbers or (len(thing.waiters),))), None
            case "barrier.parties" | "queue.maxsize":
                return thing.extra, None
            case "barrier.n_waiting" | "task.done":
                return thing.value, None
            case "list.append":
                (task,) = numbers
                self.retain(task)
                thing.memory = thing.memory[: 4 * thing.value] + struct.pack("=I", task)  # views stay as they are
                thing.value += 1
            case "list.cancel":
                for task in self._tasks(thing):
                    self._operate_scope("task.cancel", task, (), None)
            case _ if handle in self.scopes.scopes:
                return self._operate_scope(op, handle, numbers, item), None
            case _:
                return self._queue(op, thing, item)
        return 0, None

    def _release_lock(self, lock: Thing) -> int:
        if not lock.value:
            return 1
        if lock.waiters:
            self._wake(lock.waiters.popleft(), None)
        else:
            lock.value = 0
        return 0

    def _notify(self, condition: Thing, count: int) -> int:
        lock = self.things[condition.extra]
        if not lock.value:
            return 1
        for _ in range(min(count, len(condition.waiters))):
            waiter = condition.waiters.popleft()
            waiter.queue, waiter.handle, waiter.notified = lock.waiters, condition.extra, True
            lock.waiters.append(waiter)
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
            case "queue.try_put" | "queue.try_get":
                waited_for = bool(queue.waiters or queue.putters)
                if waited_for or (self._is_full(queue) if op == "queue.try_put" else not queue.items):
                    return 0, None
                if op == "queue.try_get":
                    return 1, self._get(queue)
                self._put(queue, item)
                return 1, None
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
            self._wake(queue.waiters.popleft(), item)
        else:
            queue.items.append(item)

    def _get(self, queue: Thing) -> Any:
        item = queue.items.popleft()
        if queue.putters:
            putter = queue.putters.popleft()
            self._put(queue, putter.item)
            self._wake(putter, None)
        return item


def takes(op: str) -> bool:
    """Whether an operation that waits delivers something."""
    kind, _, method = op.partition(".")
    known = METHODS.get(kind, {}) | INTERNAL.get(kind, {})  # type: ignore[call-overload]
    return op != "sleep" and known[method].takes
