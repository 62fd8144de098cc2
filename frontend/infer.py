"""From a coroutine and the types of its arguments to the typed tree of all that it reaches.

    infer_module(f, [i32])  ─▶  Module: f(i32), and each coroutine and helper it calls, once for each list of types

Inference walks a function once, in source order: a name has the type of its annotation or of its first assignment, an
expression the type of its operands. The result type is annotated, or that of the `return`s; for a recursive coroutine
without annotation a first walk collects the returns that do not depend on the recursive call.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from coro2cuda.frontend import annotations, dtypes, source, syntax, tree
from coro2cuda.frontend.annotations import ParameterSpec, annotation_type, signature
from coro2cuda.frontend.diagnostics import CompileError, Span
from coro2cuda.frontend.dtypes import Type, spelled
from coro2cuda.frontend.source import Source

__all__ = ["ParameterSpec", "Specialisation", "annotation_type", "infer_device", "infer_module", "signature"]

MOST_SPECIALISATIONS = 500


class ResultUnknown(Exception):
    """The result type of a coroutine that is being inferred was asked for. Never leaves inference."""


@dataclass(slots=True)
class Specialisation:
    """One function with one list of argument types: `function` is made when its body has been walked."""

    name: str
    source: Source
    types: tuple[Type, ...]
    declared: Type | None
    result: Type | None = None
    function: tree.Function | None = None
    asked: bool = False  # for its result, while it was not known


@dataclass(slots=True)
class Session:
    """What one run of inference has found so far."""

    device: bool = False
    done: dict[tuple[int, tuple[Type, ...]], Specialisation] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    sources: dict[int, Source] = field(default_factory=dict)
    stack: list[Specialisation] = field(default_factory=list)
    captured: list[Any] = field(default_factory=list)

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
        """
        key = (id(function), types)
        known = self.done.get(key)
        if known is None:
            self.done[key] = known = self._new(function, types)
            self._infer(known, options)
        return known

    def result(self, wanted: Specialisation) -> Type:
        """The result type of a specialisation, also of one that is still being inferred.

        Raises:
            ResultUnknown: it is being inferred and nothing is declared or collected yet.
        """
        if wanted.result is None:
            wanted.asked = True
            raise ResultUnknown
        return wanted.result

    def _new(self, function: FunctionType, types: tuple[Type, ...]) -> Specialisation:
        found = self.read(function)
        if len(self.done) > MOST_SPECIALISATIONS:
            raise CompileError(
                f"'{found.name}' is called with more and more types", found.head(), "annotate its parameters"
            )
        declared = annotations.result_type(function)
        name = found.name if self.device else f"{found.name}({', '.join(map(spelled, types))})"
        count = self.names[name] = self.names.get(name, 0) + 1
        unique = name if count == 1 else f"{name}#{count}"
        return Specialisation(unique, found, types, declared, declared)

    def _infer(self, wanted: Specialisation, options: dict[str, Any]) -> None:
        from coro2cuda.frontend.infer_function import infer_function, probe_result

        self.stack.append(wanted)
        try:
            wanted.function = infer_function(self, wanted, options)
        except ResultUnknown:
            wanted.result = probe_result(self, wanted, options)
            wanted.function = infer_function(self, wanted, options)
        finally:
            self.stack.pop()


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
    root = session.specialise(function, types, options)
    return _module(session, root.name)


def infer_device(functions: Sequence[FunctionType]) -> tree.Module:
    """The typed tree of device functions and all they call; names are the Python functions' own."""
    session = Session(device=True)
    for function in functions:
        types = []
        for spec in signature(function):
            assert spec.type is not None, f"{function.__name__}: {spec.name} has no type"
            types.append(spec.type)
        session.specialise(function, tuple(types), {})
    return _module(session, functions[0].__name__)


def _module(session: Session, root: str) -> tree.Module:
    functions, sources = {}, {}
    for wanted in session.done.values():
        assert wanted.function is not None
        functions[wanted.name] = wanted.function
        sources[wanted.name] = hashlib.sha256(wanted.source.text.encode()).hexdigest()
    return tree.Module(root, functions, session.captured, sources)


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
