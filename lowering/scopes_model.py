"""What scopes and cancellation mean: a model in plain Python for the two interpreters; the device code must match it.

    Strand      one chain of calls: the scope it runs in, how many requests of it it has answered
    Scope       requests, the scope around, the scopes inside; what else a task, a group or a timeout keeps
    Parking     who is parked, and where: a deque of an object, or the timers
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


class Strand(Protocol):
    """A chain of calls, as the interpreters keep it."""

    scope: int
    seen: int


@dataclass(slots=True)
class Free:
    """A strand that is in no frame."""

    scope: int = 0
    seen: int = 0


@dataclass(eq=False, slots=True)
class Waiter:
    """A task that waits: `wake` gets what it waits for (None where that is nothing), at once or when it is woken.
    `outcome` is what came of it then. `owed`: it is to be told that it was cancelled; `notified`: it was moved from a
    condition to its lock; `through`: no cancellation wakes it."""

    wake: Callable[[Any], None]
    item: Any = None  # what it puts
    strand: Strand = field(default_factory=Free)
    outcome: int = 0
    owed: bool = False
    notified: bool = False
    through: bool = False
    queue: deque[Any] | None = None  # the list it is in
    handle: int = 0  # of the object it waits for, 0: the timers


@dataclass(slots=True)
class Scope:
    """Of a task, a group or a timeout."""

    requests: int = 0
    inherited: int = 0
    parent: int = 0
    inside: list[int] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)  # of a group; of a task that failed, its own
    unseen: bool = False  # nobody has seen a task's error
    ended: str = ""  # how a task ended: "finish", "fail", "lose", "cease"
    cancelled: bool = False  # a group, by one of its own
    expired: bool = False


class Scopes:
    """All scopes of a run by handle, and the tasks parked."""

    def __init__(self) -> None:
        self.scopes: dict[int, Scope] = {}
        self.parked: list[Waiter] = []

    # --- the tree

    def adopt(self, parent: int, handle: int, seen: int) -> None:
        scope, around = self.scopes[handle], self.scopes[parent]
        if around.requests > seen:
            scope.requests += 1
            scope.inherited = scope.requests
        scope.parent = parent
        around.inside.append(handle)

    def part(self, handle: int) -> int:
        """Out of the scope around; how many requests that has."""
        parent = self.scopes[handle].parent
        if not parent:
            return 0
        around = self.scopes[parent]
        if handle in around.inside:
            around.inside.remove(handle)
        return around.requests

    def enter(self, handle: int, strand: Strand) -> None:
        if strand.scope:
            self.adopt(strand.scope, handle, strand.seen)
        strand.scope, strand.seen = handle, 0

    def leave(self, handle: int, strand: Strand) -> None:
        scope, requests = self.scopes[handle], self.part(handle)
        unanswered = scope.inherited and strand.seen < scope.inherited
        strand.scope, strand.seen = scope.parent, requests - bool(unanswered)

    def poll(self, strand: Strand) -> bool:
        """Whether there is a request to answer, which is answered then."""
        if not strand.scope or self.scopes[strand.scope].requests <= strand.seen:
            return False
        strand.seen = self.scopes[strand.scope].requests
        return True

    # --- parking

    def park(self, waiter: Waiter, queue: deque[Any] | None, handle: int) -> bool:
        """Unless it is to be cancelled instead."""
        if not waiter.through and self.poll(waiter.strand):
            return False
        waiter.queue, waiter.handle = queue, handle
        if queue is not None:
            queue.append(waiter)
        self.parked.append(waiter)
        return True

    def woken(self, waiter: Waiter) -> None:
        if waiter in self.parked:
            self.parked.remove(waiter)

    def request(self, handle: int) -> list[Waiter]:
        """Cancel a scope and all inside; the parked tasks that are to be taken from what they wait for."""
        found: list[Waiter] = []
        pending = [handle]
        while pending:
            current = pending.pop()
            scope = self.scopes[current]
            scope.requests += 1
            if current != handle:
                scope.inherited = scope.requests
            for waiter in self.parked:
                if waiter.strand.scope == current and not (waiter.through or waiter.owed):
                    waiter.strand.seen = scope.requests
                    found.append(waiter)
            pending += scope.inside
        return found
