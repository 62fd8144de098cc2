"""From a coroutine and the types of its arguments to the typed tree of all that it reaches.

    infer_module(f, [i32])  ─▶  Module: f(i32), and each coroutine and helper it calls, once for each list of types

Inference walks a function once, in source order: a name has the type of its annotation or of its first assignment, an
expression the type of its operands. The result type is annotated, or that of the first `return`.

Recursion without annotation: who asks for a result that is not known yet gets ResultUnknown, and its function is walked
again, to *probe* for a `return` that can be typed without it. A function with none gives up its place and is inferred
when it is asked for again, by then with the result of the one that waited for it.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from coro2cuda.frontend import dtypes, source, syntax, tree
from coro2cuda.frontend.diagnostics import CompileError, Span
from coro2cuda.frontend.dtypes import Type, spelled
from coro2cuda.frontend.signatures import ParameterSpec, annotation_type, result_type, signature
from coro2cuda.frontend.source import Source

__all__ = ["ParameterSpec", "Specialisation", "annotation_type", "infer_device", "infer_module", "signature"]

MOST_NESTED_TYPES = 8


class ResultUnknown(Exception):
    """The result type of a function that is being walked was asked for. Never leaves inference."""

    def __init__(self, *causes: str) -> None:
        super().__init__(*causes)
        self.causes = frozenset(causes)  # the names of the specialisations whose results would help


class WalkAgain(Exception):
    """A walk has learnt what it needed from its start: that a name stands for a strided array, or what a list holds
    that begins empty. Never leaves inference."""


@dataclass(slots=True)
class Specialisation:
    """One function with one list of argument types: `function` is made when its body has been walked for good."""

    name: str
    source: Source
    types: tuple[Type, ...]
    declared: Type | None
    options: dict[str, Any]
    result: Type | None = None
    function: tree.Function | None = None
    walking: bool = False
    strided: set[str] = field(default_factory=set)  # names that stand for arrays of several layouts
    lists: dict[str, Type] = field(default_factory=dict)  # names that begin as `[]`, and what they are a list of
    callees: dict[str, Specialisation] = field(default_factory=dict)


@dataclass(slots=True)
class Session:
    """What one run of inference has found so far."""

    device: bool = False
    done: dict[tuple[int, tuple[Type, ...]], Specialisation] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    sources: dict[int, Source] = field(default_factory=dict)
    stack: list[Specialisation] = field(default_factory=list)
    captured: list[Any] = field(default_factory=list)
    classes: list[type[BaseException]] = field(default_factory=lambda: list(tree.LANGUAGE_ERRORS))
    probing: bool = False
    cancels: bool = False

    def read(self, function: FunctionType) -> Source:
        key = id(function)
        if key not in self.sources:
            self.sources[key] = found = source.read(function)
            syntax.check(found)
        return self.sources[key]

    def capture(self, array: Any) -> int:
        """The index of a captured array; each array object has one."""
        for index, known in enumerate(self.captured):
            if known is array:
                return index
        self.captured.append(array)
        return len(self.captured) - 1

    def specialise(self, function: FunctionType, types: tuple[Type, ...], options: dict[str, Any]) -> Specialisation:
        """The specialisation of a function, inferred now if it is new.

        Raises:
            CompileError: the function is refused.
            ResultUnknown: its result depends on that of a function that is still being walked.
        """
        key = (id(function), types)
        known = self.done.get(key)
        if known is None:
            self.done[key] = known = self._new(function, types, options)
        if not known.walking and known.function is None and not (self.probing and known.result is not None):
            self.infer(known)
        return known

    def result(self, wanted: Specialisation) -> Type:
        """The result type of a specialisation, also of one that is still being walked.

        Raises:
            ResultUnknown: nothing is declared and no `return` was typed yet.
        """
        if wanted.result is None:
            raise ResultUnknown(wanted.name)
        return wanted.result

    def _new(self, function: FunctionType, types: tuple[Type, ...], options: dict[str, Any]) -> Specialisation:
        found = self.read(function)
        if sum(wanted.source is found for wanted in self.stack) > MOST_NESTED_TYPES:
            raise CompileError(
                f"'{found.name}' calls itself with ever more types", found.head(), "annotate its parameters"
            )
        declared = result_type(function)
        name = found.name if self.device else f"{found.name}({', '.join(map(spelled, types))})"
        count = self.names[name] = self.names.get(name, 0) + 1
        unique = name if count == 1 else f"{name}#{count}"
        return Specialisation(unique, found, types, declared, options, declared)

    def infer(self, wanted: Specialisation) -> None:
        """Walk a function for good, or, while a caller is only probed, for its result."""
        self.stack.append(wanted)
        wanted.walking = True
        try:
            if self.probing:
                self._probe(wanted)
            else:
                self._walk(wanted)
        finally:
            self.stack.pop()
            wanted.walking = False

    def _walk(self, wanted: Specialisation) -> None:
        """Make the typed tree. Where an unknown result stops the walk, find the function's own and walk again; one that
        still waits for a caller's is left to `complete`."""
        try:
            self._make(wanted)
            return
        except ResultUnknown:
            if wanted.result is None:
                self._probe(wanted)
        with contextlib.suppress(ResultUnknown):
            self._make(wanted)

    def _make(self, wanted: Specialisation) -> None:
        from coro2cuda.frontend.infer_function import infer_function

        while True:
            try:
                wanted.function = infer_function(self, wanted)
                return
            except WalkAgain:
                continue  # with one more name in `strided` or `lists`

    def _probe(self, wanted: Specialisation) -> None:
        """Find the result type alone.

        Raises:
            CompileError: nothing gives it, and no caller's result could help.
            ResultUnknown: it depends on a caller's.
        """
        from coro2cuda.frontend.infer_function import probe_result

        outer, self.probing = self.probing, True
        try:
            wanted.result = probe_result(self, wanted)
        finally:
            self.probing = outer

    def complete(self, root: Specialisation) -> dict[str, Specialisation]:
        """All that the root reaches, walked for good; by name, callers first."""
        reached: dict[str, Specialisation] = {}
        waiting = [root]
        while waiting:
            wanted = waiting.pop()
            if wanted.name in reached:
                continue
            reached[wanted.name] = wanted
            if wanted.function is None:
                self.infer(wanted)
            waiting.extend(reversed(wanted.callees.values()))
        return reached


def infer_module(function: FunctionType, argument_types: Sequence[Type]) -> tree.Module:
    """The typed tree of a coroutine and all it reaches.

    Args:
        function: the undecorated `async def`.
        argument_types: one for each parameter.

    Raises:
        CompileError: the program is refused.
    """
    session = Session()
    options = getattr(function, "__gpu_async_options__", {})
    types = tuple(argument_types)
    for spec, given in zip(signature(function), types, strict=True):
        _check_declared(session.read(function), spec, given)
    return _module(session, _guarded(session, function, types, options))


def infer_device(functions: Sequence[FunctionType], sources: Iterable[Source] = ()) -> tree.Module:
    """The typed tree of device functions and all they call; names are the Python functions' own. `sources` stand in for
    those of their functions: the same functions, changed."""
    session = Session(device=True, sources={id(changed.function): changed for changed in sources})
    roots = []
    for function in functions:
        types = []
        for spec in signature(function):
            assert spec.type is not None, f"{function.__name__}: {spec.name} has no type"
            types.append(spec.type)
        roots.append(session.specialise(function, tuple(types), {}))
    return _module(session, *roots)


def _guarded(
    session: Session, function: FunctionType, types: tuple[Type, ...], options: dict[str, Any]
) -> Specialisation:
    try:
        return session.specialise(function, types, options)
    except RecursionError:
        raise CompileError(
            f"'{function.__name__}' is nested too deeply", session.read(function).head(),
            "split long expressions, or chains of calls",
        ) from None  # fmt: skip


def _module(session: Session, *roots: Specialisation) -> tree.Module:
    reached = {name: wanted for root in roots for name, wanted in session.complete(root).items()}
    functions, sources = {}, {}
    for name, wanted in reached.items():
        assert wanted.function is not None
        functions[name] = wanted.function
        sources[name] = hashlib.sha256(wanted.source.text.encode()).hexdigest()
    return tree.Module(roots[0].name, functions, session.captured, sources, classes=tuple(session.classes),
                       cancels=session.cancels)  # fmt: skip


def _check_declared(found: Source, spec: ParameterSpec, given: Type) -> None:
    if spec.type is None or matches(given, spec.type):
        return
    raise CompileError(
        f"parameter '{spec.name}' is declared {spelled(spec.type)} and gets {spelled(given)}",
        parameter_span(found, spec.name),
        f"pass a {spelled(spec.type)}, or change the annotation",
    )


def matches(given: Type, declared: Type) -> bool:
    """Whether an argument of one type may be bound to a parameter declared with the other as it is. An array may be
    contiguous or read-only where the annotation, which cannot say so, is neither."""
    if isinstance(given, dtypes.Array) and isinstance(declared, dtypes.Array):
        layout = given.contiguous or not declared.contiguous
        return given.element == declared.element and given.ndim == declared.ndim and layout
    if isinstance(given, dtypes.Tuple) and isinstance(declared, dtypes.Tuple):
        pairs = zip(given.elements, declared.elements, strict=False)
        return len(given.elements) == len(declared.elements) and all(matches(a, b) for a, b in pairs)
    return given == declared


def parameter_span(found: Source, name: str) -> Span:
    arguments = found.node.args
    everything: list[ast.arg] = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return next((found.span(argument) for argument in everything if argument.arg == name), found.head())
