"""Our Event, Lock, Semaphore, BoundedSemaphore, Condition, Queue and Barrier: asyncio's, under names of ours.

In a compiled coroutine they mean what asyncio's mean, and asyncio's may be used in their place. On the host they
describe an object: each run makes it anew. Under asyncio each event loop has one of asyncio's own, made when it is
first used there.
"""

from __future__ import annotations

import weakref
from collections.abc import Awaitable
from types import GenericAlias
from typing import Any

from coro2cuda.frontend import objects
from coro2cuda.frontend.dtypes import ObjectKind


class _Object:
    """`state`: what the object is made with."""

    __coro2cuda_object__: ObjectKind

    def __init__(self, *state: Any) -> None:
        self._state = state
        self._by_loop: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()

    def __coro2cuda_state__(self) -> tuple[int, Any]:
        """The number it is made with, and a condition's lock."""
        return (int(self._state[0]) if self._state else 0), None

    def _here(self) -> Any:
        """asyncio's object of the running event loop."""
        import asyncio

        loop = asyncio.get_running_loop()
        if loop not in self._by_loop:
            self._by_loop[loop] = self._make(getattr(asyncio, type(self).__name__))
        return self._by_loop[loop]

    def _make(self, kind: Any) -> Any:
        return kind(*self._state)

    def __getattr__(self, name: str) -> Any:
        kind = self.__coro2cuda_object__
        tables = objects.METHODS, objects.ATTRIBUTES, objects.WRITTEN_OUT
        if not any(name in table.get(kind, ()) for table in tables):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self._here(), name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._state))})"


class _Held(_Object):
    """What `async with` can hold."""

    def __aenter__(self) -> Awaitable[Any]:
        entered: Awaitable[Any] = self._here().__aenter__()
        return entered

    def __aexit__(self, *error: Any) -> Awaitable[Any]:
        left: Awaitable[Any] = self._here().__aexit__(*error)
        return left


class Event(_Object):
    """`asyncio.Event`: tasks wait until one of them sets it."""

    __coro2cuda_object__ = "event"

    def __init__(self) -> None:
        super().__init__()


class Lock(_Held):
    """`asyncio.Lock`: one task at a time holds it; the others get it in the order in which they came."""

    __coro2cuda_object__ = "lock"

    def __init__(self) -> None:
        super().__init__()


class Semaphore(_Held):
    """`asyncio.Semaphore`: `value` tasks at a time hold it."""

    __coro2cuda_object__ = "semaphore"

    def __init__(self, value: int = 1) -> None:
        if value < 0:
            raise ValueError("Semaphore initial value must be >= 0")
        super().__init__(value)


class BoundedSemaphore(_Held):
    """`asyncio.BoundedSemaphore`: releasing it more often than it was acquired raises ValueError."""

    __coro2cuda_object__ = "bounded_semaphore"

    def __init__(self, value: int = 1) -> None:
        if value < 0:
            raise ValueError("Semaphore initial value must be >= 0")
        super().__init__(value)


class Condition(_Held):
    """`asyncio.Condition`: tasks that hold its lock wait until another that holds it notifies them."""

    __coro2cuda_object__ = "condition"

    def __init__(self, lock: Lock | None = None) -> None:
        super().__init__(*(() if lock is None else (lock,)))

    def __coro2cuda_state__(self) -> tuple[int, Any]:
        return 0, (self._state[0] if self._state else None)

    def _make(self, kind: Any) -> Any:
        return kind(*(lock._here() for lock in self._state))


class Queue(_Object):
    """`asyncio.Queue`: `Queue[i32](8)` holds up to 8 items of type i32; without a size, or 0, any number."""

    __coro2cuda_object__ = "queue"
    __class_getitem__: Any = classmethod(GenericAlias)

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(max(0, maxsize))


class Barrier(_Held):
    """`asyncio.Barrier`: tasks wait until there are `parties` of them."""

    __coro2cuda_object__ = "barrier"

    def __init__(self, parties: int) -> None:
        if parties < 1:
            raise ValueError("parties must be >= 1")
        super().__init__(parties)
