"""What the explorer finds: a violation has a kind, a sentence, and the places in the source that took part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from coro2cuda.frontend.diagnostics import Span

MOST_PLACES = 4
KINDS = {
    "data race": "two accesses to one location, not both atomic and at least one a write, are not ordered",
    "poisoned value": "a value that a race made meaningless is used",
    "bad access": "an address holds nothing, or something of another type",
    "divergence": "lanes of a warp wait at different collectives, or one has gone past",
    "deadlock": "nobody can go on, and not all are done",
    "endless": "the steps allowed do not suffice: a warp spins for ever",
    "wrong frame": "a frame is run, made ready, taken or freed in a state that forbids it",
    "use after free": "a frame is read or written by a task that does not own it",
    "overflow": "a ring has no room for what is put in",
    "early end": "a warp that could take tasks from others has ended, and a task has not",
    "lost wake-up": "every task that is alive waits, and nobody is left to wake it",
    "lost task": "all warps have ended, and a task has not run to its end",
    "leaked frame": "all warps have ended, and the free lists do not hold every frame once",
    "leaked object": "all warps have ended, and the heap does not have every block back once",
    "wrong result": "a result or a counter is not what CPython computes",
    "error": "the program reports an error that it should not",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A line of source, and which function it is in."""

    file: str
    line: int
    function: str

    @classmethod
    def of(cls, span: Span, function: str) -> Place:
        return cls(span.file, span.line, function)

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line} ({self.function})"


NO_PLACE = Place("host", 0, "before the launch")


class Violation(Exception):
    """A rule of `KINDS` is broken."""

    def __init__(self, kind: str, message: str, *places: Place) -> None:
        assert kind in KINDS, kind
        where = "; ".join(map(str, dict.fromkeys(places[:MOST_PLACES])))
        super().__init__(f"{kind}: {message}{f' at {where}' if where else ''}")
        self.kind, self.message, self.places = kind, message, places
