"""Synchronisation objects of the host on the device: each run makes them anew at the start of the heap.

    lock = coro2cuda.Lock()                heap    | header | words of lock | ... free ...
    f.map(range(9), lock)          ──▶             handle of lock in the argument block

An object that is named and passed, or passed twice, is one object on the device.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from coro2cuda.frontend import objects
from coro2cuda.lowering import abi

_WORDS_OF = {"queue": abi.QUEUE_WORDS, "event": abi.EVENT_WORDS}


class HeapImage:
    """What the heap begins with: `content` is its header and the objects of the host, `place` the value with handles in
    the place of objects."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._handles: dict[int, int] = {}
        self._content = bytearray(abi.HEAP_HEADER)
        self.values = tuple(map(self._placed, values))
        struct.pack_into("<Q", self._content, abi.HEAP_BUMP, len(self._content) // abi.HEAP_GRANULE)

    @property
    def content(self) -> bytes:
        return bytes(self._content)

    def _placed(self, value: Any) -> Any:
        if objects.kind_made_by(type(value)) is None:
            return value
        if id(value) not in self._handles:
            self._handles[id(value)] = self._add(*_described(value))
        return self._handles[id(value)]

    def _add(self, kind: str, number: int, lock: Any) -> int:
        """Write an object's words; its handle."""
        extra = self._placed(lock) if lock is not None else number
        if kind == "condition" and lock is None:
            extra = self._add("lock", 0, None)
        handle = len(self._content) // abi.HEAP_GRANULE
        words = [0] * _WORDS_OF.get(kind, abi.OBJECT_WORDS)
        words[abi.OBJECT_COUNT] = 1
        words[abi.OBJECT_KIND] = abi.OBJECT_KINDS.index(kind) + 1 | abi.MADE_ON_HOST << abi.KIND_BITS
        words[abi.OBJECT_VALUE] = 0 if kind in ("queue", "barrier", "condition") else number
        words[abi.OBJECT_EXTRA] = 0 if kind == "event" else extra
        self._content += struct.pack(f"<{len(words)}I", *words)
        return handle


def _described(value: Any) -> tuple[str, int, Any]:
    """An object's kind, its number as it stands now, and a condition's lock."""
    kind = objects.kind_made_by(type(value))
    assert kind is not None
    described = getattr(value, "__coro2cuda_state__", None)
    if described is not None:
        number, lock = described()
        return kind, number, lock
    match kind:
        case "event":
            return kind, int(value.is_set()), None
        case "lock":
            return kind, int(value.locked()), None
        case "semaphore" | "bounded_semaphore":
            return kind, value._value, None
        case "queue":
            return kind, max(0, value.maxsize), None
        case "barrier":
            return kind, value.parties, None
        case "condition":
            return kind, 0, value._lock
        case _:
            raise TypeError(f"{value!r} cannot be passed to a coroutine")
