"""What code may do to memory that others see: which arrays it reads and writes, by the type of their elements.

Arrays of one element type may overlap whatever their names, so nothing finer than the type is told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from coro2cuda.frontend import tree
from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Array, Scalar


@dataclass(slots=True)
class Effects:
    """Element types read, each with the place that does; element types written; the place of another effect, if any:
    a print, an atomic, a store, an operation on an object."""

    reads: dict[Scalar, Span] = field(default_factory=dict)
    writes: set[Scalar] = field(default_factory=set)
    effect: Span | None = None

    def add(self, other: Effects, span: Span) -> None:
        """What a call at this place does."""
        for element in other.reads:
            self.reads.setdefault(element, span)
        self.writes |= other.writes
        if other.effect is not None:
            self.effect = self.effect or span


def of_expressions(functions: Mapping[str, tree.Function], nodes: Iterable[tree.Expression]) -> Effects:
    """The effects of evaluating expressions, calls included."""
    found = Effects()
    for node in nodes:
        for part in tree.walk(node):
            _add(functions, found, part, set())
    return found


def of_function(functions: Mapping[str, tree.Function], name: str) -> Effects:
    """The effects of a function and all that it calls or awaits."""
    found = Effects()
    _add_function(functions, found, name, set())
    return found


def _add_function(functions: Mapping[str, tree.Function], found: Effects, name: str, seen: set[str]) -> None:
    if name in seen:
        return
    seen.add(name)
    for statement in functions[name].body:
        for part in tree.walk(statement):
            _add(functions, found, part, seen)


def _add(functions: Mapping[str, tree.Function], found: Effects, node: Any, seen: set[str]) -> None:
    match node:
        case tree.Element(span, Scalar() as type):
            found.reads.setdefault(type, span)
        case tree.ForArray(span, _, array) if isinstance(array.type, Array):
            found.reads.setdefault(array.type.element, span)
        case tree.ElementTarget(span, array) | tree.ViewTarget(span, tree.View(array=array)):
            _write(found, array, span)
        case tree.Builtin(span, _, "sum", (array,)) if isinstance(array.type, Array):
            found.reads.setdefault(array.type.element, span)
        case tree.Builtin(span, _, name, (array, *_)) if name.startswith("atomic_"):
            _write(found, array, span)
        case tree.Print(span) | tree.MakeObject(span) | tree.Operation(span) | tree.Wait(span):
            found.effect = found.effect or span
        case tree.Call(span, _, name):
            inner = Effects()
            _add_function(functions, inner, name, seen)
            found.add(inner, span)
        case tree.Await(coroutine=name) | tree.GatherEach(coroutine=name) | tree.CreateTask(coroutine=name):
            _add_function(functions, found, name, seen)
        case tree.Gather(calls=calls):
            for name, _ in calls:
                _add_function(functions, found, name, seen)


def _write(found: Effects, array: tree.Expression, span: Span) -> None:
    assert isinstance(array.type, Array)
    found.writes.add(array.type.element)
    found.effect = found.effect or span
