"""Tasks that wait for each other for ever: where they wait, for what, and where that was made.

When no warp has anything to do and root tasks are left, each of those is parked, or waits for children that are. The
header of every frame says so (`abi`): OBJECT is what it is parked on, WAKE the state in which it would go on.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from coro2cuda.frontend.dtypes import KIND_NAMES, ObjectKind
from coro2cuda.lowering import abi
from coro2cuda.runtime.errors import DeadlockError

if TYPE_CHECKING:
    from coro2cuda.lowering.program import Program

HEADER_WORDS = abi.WAITING_HEADER_SIZE // 4
MOST_PLACES = 20


@dataclass(frozen=True, slots=True)
class Leftovers:
    """The memory of a run that has ended: the headers of all frames ever handed out (arrays of u32, a row a
    frame), and the first words of the object of a handle."""

    headers: Sequence[Any]
    object: Callable[[int], Sequence[int]]


def deadlock(program: Program, left: Leftovers, done: int, roots: int) -> DeadlockError:
    """The error that tells about all parked tasks."""
    import numpy

    columns = [abi.FRAME_WAKE // 4, abi.FRAME_OBJECT // 4]
    parked = numpy.concatenate([rows[rows[:, abi.FRAME_OBJECT // 4] != 0][:, columns] for rows in left.headers])
    places, numbers = numpy.unique(parked, axis=0, return_counts=True)
    title_of = functools.cache(lambda handle: _object_title(program, left.object(handle)))
    counts: Counter[tuple[int, str]] = Counter()
    for (state, handle), number in zip(places.tolist(), numbers.tolist(), strict=True):
        counts[state, title_of(handle)] += number
    lines = [_line(program, state, title, count) for (state, title), count in sorted(counts.items())]
    if len(lines) > MOST_PLACES:
        lines[MOST_PLACES:] = [f"  and {len(lines) - MOST_PLACES} more places"]
    count = sum(counts.values())
    head = f"{program.title}: {_tasks(count)} for what nobody will do, and {done} of {roots} root tasks are done"
    return DeadlockError("\n".join([head, *lines]))


def _line(program: Program, state: int, title: str, count: int) -> str:
    at = program.states[state]
    return f"  {at.file}:{at.line}: in '{at.title}', {_tasks(count)} in {at.kind}() of {title}"


def _tasks(count: int) -> str:
    return "1 task waits" if count == 1 else f"{count} tasks wait"


def _object_title(program: Program, words: Sequence[int]) -> str:
    """`a Lock made at pipeline.py:12`."""
    site, kind = divmod(words[abi.OBJECT_KIND], 1 << abi.KIND_BITS)
    name = KIND_NAMES[cast(ObjectKind, abi.OBJECT_KINDS[kind - 1])]
    article = "an" if name == "Event" else "a"
    if site == abi.MADE_ON_HOST:
        return f"{article} {name} of the host"
    span = program.sites[site].span
    return f"{article} {name} made at {os.path.basename(span.file)}:{span.line}"
