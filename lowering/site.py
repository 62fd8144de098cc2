"""Where a task can raise: shared by the IR, which raises, and the artifact, which must not load the IR to say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Type

# An argument of an exception: a number, or text with numbers in it.
ErrorArgument = Type | tuple[str | Type, ...]


@final
@dataclass(frozen=True, slots=True)
class Site:
    """Where and what a Raise raises: the class by the name it has in its table, a message or arguments, and the source.

    `exception` is the bare name of a built-in class, and `module:qualified.name` of any other; `kind` is its index in
    the table of classes. `message` is the only argument, "" for none; `arguments`, if there are any, count instead."""

    exception: str
    message: str
    span: Span
    arguments: tuple[ErrorArgument, ...] = ()
    kind: int = 0

    def values(self) -> tuple[Type, ...]:
        """The types of the values that a record keeps for the arguments."""
        found: list[Type] = []
        for argument in self.arguments:
            parts = argument if isinstance(argument, tuple) else (argument,)
            found += [part for part in parts if not isinstance(part, str)]
        return tuple(found)
