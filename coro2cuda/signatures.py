"""The types of a coroutine's parameters where there is no call to take them from: for `build` and `show`.

    --types 'i32,f32[:,:]'  ──parse_types──▶ types ─┐
    annotations ────────────────────────────────────┴─▶ arguments: as in f.map(range(n), the rest whole)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from types import FunctionType

from coro2cuda.frontend import dtypes
from coro2cuda.frontend.dtypes import Array, Scalar, Type
from coro2cuda.lowering.program import Argument, ManifestError, type_from_text

_PYTHON = {"int": "i64", "float": "f64"}
_COMMA = re.compile(r",(?![^\[]*\])")


class SignatureError(ValueError):
    """The types of the parameters are not all known, or not understood; the message is for the user."""


def parse_types(text: str) -> list[Type]:
    """Types written as in annotations, separated by commas.

    Raises:
        SignatureError: one is not a type.
    """
    found: list[Type] = []
    for part in _COMMA.split(text):
        name = part.replace(" ", "")
        try:
            found.append(type_from_text(_PYTHON.get(name, name)))
        except ManifestError:
            known = ", ".join(scalar.name for scalar in dtypes.SCALARS)
            raise SignatureError(f"{part.strip()!r} is not a type; there are {known}, and f32[:], f32[:,:]") from None
    return found


def declared(function: FunctionType, types: Sequence[Type] | None = None) -> dict[str, Type]:
    """The type of each parameter, from `types` or else from its annotation.

    Raises:
        SignatureError: a parameter has none.
    """
    import inspect

    from coro2cuda.frontend.signatures import parameter_types

    names = list(inspect.signature(function).parameters)
    if types is not None:
        if len(types) != len(names):
            raise SignatureError(f"{function.__name__} has {len(names)} parameters, {len(types)} types are given")
        return dict(zip(names, types, strict=True))
    found = parameter_types(function)
    if missing := [name for name in names if found.get(name) is None]:
        raise SignatureError(
            f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}: "
            f"{function.__name__} needs a type for {', '.join(missing)}: annotate, as in `{missing[0]}: i32`"
        )
    return {name: type for name, type in found.items() if type is not None}


def map_arguments(types: dict[str, Type]) -> tuple[Argument, ...]:
    """As in `f.map(range(n), ...)` with ordinary arrays: the first parameter, if it is an integer, differs by task."""
    return tuple(
        Argument(name, _ordinary(type), "range" if index == 0 and _is_integer(type) else "uniform")
        for index, (name, type) in enumerate(types.items())
    )


def each_arguments(types: dict[str, Type], each: Collection[str]) -> tuple[Argument, ...]:
    """As in `f.map(...)` with an array for each of the parameters named.

    Raises:
        SignatureError: one of them is no number.
    """
    for name in each:
        if not isinstance(types[name], Scalar):
            raise SignatureError(f"{name} is {dtypes.spelled(types[name])}; only a number can differ by task")
    return tuple(Argument(name, _ordinary(type), "each" if name in each else "uniform") for name, type in types.items())


def _is_integer(type: Type) -> bool:
    return isinstance(type, Scalar) and type.is_integer


def _ordinary(type: Type) -> Type:
    """Arrays as NumPy makes them: contiguous."""
    return replace(type, contiguous=True) if isinstance(type, Array) else type
