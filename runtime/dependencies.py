"""What a coroutine's compilation depends on, found without compiling: the key of the caches.

From a function's source text every name that its module, its closure or a module it names binds is followed: functions
by their own text, numbers by value, arrays by dtype and flags (their contents are read at run time), all else by name.

    digest      of texts, places (error messages hold file and line) and values: part of the disk cache's key
    arrays      the arrays and synchronisation objects met, in a fixed order: a cached program names those it captured
                by their position
    classes     the exception classes met; a cached program names those it raises or handles
    bindings    each name met with its object: while they hold, a program compiled in this process is still right

It may take in a name that only a comment mentions; that costs a compilation, never a wrong answer.
"""

from __future__ import annotations

import hashlib
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from coro2cuda.frontend import dtypes, objects
from coro2cuda.frontend.builtins import asyncio_name
from coro2cuda.frontend.source import file_lines
from coro2cuda.frontend.tree import class_name

_NAME = re.compile(r"[^\W\d]\w*")
_OURS = "coro2cuda."


@dataclass(slots=True)
class Dependencies:
    """See the module. `digest` is None if a source text cannot be had: then nothing is cached on disk."""

    digest: str | None = None
    arrays: list[Any] = field(default_factory=list)
    classes: list[type[BaseException]] = field(default_factory=list)
    bindings: list[tuple[Mapping[str, Any], str, Any]] = field(default_factory=list)
    cells: list[tuple[types.CellType, Any]] = field(default_factory=list)

    def hold(self) -> bool:
        """Whether every name still stands for the same object."""
        return all(names.get(name) is value for names, name, value in self.bindings) and all(
            _content(cell) is value for cell, value in self.cells
        )


class _NoSource(Exception):
    pass


def dependencies(function: types.FunctionType) -> Dependencies:
    """All that the compilation of a function can depend on, but the types of its arguments."""
    walk = _Walk()
    try:
        walk.add(function)
        walk.found.digest = walk.hash.hexdigest()
    except _NoSource:
        walk.found.digest = None
    return walk.found


class _Walk:
    def __init__(self) -> None:
        self.found = Dependencies()
        self.hash = hashlib.sha256()
        self.seen: set[int] = set()

    def add(self, root: types.FunctionType) -> None:
        pending = [root]
        while pending:
            function = pending.pop()
            if id(function) in self.seen:
                continue
            self.seen.add(id(function))
            code = function.__code__
            text = _text(function)
            self.write(code.co_filename, str(code.co_firstlineno), text)
            self.write(repr(function.__defaults__), repr(function.__kwdefaults__))
            self.write(repr(sorted(getattr(function, "__gpu_async_options__", {}).items())))
            names = sorted(set(_NAME.findall(text)))
            for name, value in self.bound(function, names):
                self.write(name)
                pending.extend(self.describe(value, names))

    def bound(self, function: types.FunctionType, names: list[str]) -> Iterator[tuple[str, Any]]:
        """What the names stand for in the function's closure and module."""
        closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        for name in names:
            if name in closure:
                value = _content(closure[name])
                self.found.cells.append((closure[name], value))
                yield name, value
            elif name in function.__globals__:
                value = function.__globals__[name]
                self.found.bindings.append((function.__globals__, name, value))
                yield name, value

    def describe(self, value: Any, names: list[str]) -> list[types.FunctionType]:
        """Hash a value; the functions it leads to."""
        if name := asyncio_name(value):
            self.write("asyncio", name)
            return []
        raw = raw_function(value)
        if raw is not None:
            self.write("function", raw.__module__ or "", raw.__qualname__)
            return [] if _is_ours(raw.__module__) else [raw]
        if isinstance(value, types.ModuleType):
            return self.describe_module(value, names)
        if isinstance(value, tuple):
            self.write(f"tuple {len(value)}")
            return [function for item in value for function in self.describe(item, names)]
        self.write(self.describe_leaf(value))
        return []

    def describe_module(self, module: types.ModuleType, names: list[str]) -> list[types.FunctionType]:
        """The members of a module that the function's text may mean."""
        self.write("module", module.__name__)
        if _is_ours(module.__name__):
            return []
        found = []
        for name in names:
            member = module.__dict__.get(name)
            if member is not None and not isinstance(member, types.ModuleType):
                self.found.bindings.append((module.__dict__, name, member))
                self.write(name)
                found += self.describe(member, names)
        return found

    def describe_leaf(self, value: Any) -> str:
        kind = type(value)
        if isinstance(value, type) and issubclass(value, BaseException):
            self.found.classes.append(value)
            return f"exception {' '.join(map(class_name, value.__mro__))}"
        if value is None or isinstance(value, (bool, int, float, str, dtypes.Scalar, dtypes.Array, dtypes.Tuple)):
            return f"{kind.__qualname__} {value!r}"
        if hasattr(value, "dtype") or hasattr(value, "__cuda_array_interface__"):
            found = dtypes.of_value(value)
            if isinstance(found, dtypes.Array):
                self.found.arrays.append(value)
                return f"array {found!r} {found.contiguous} {found.writable}"
            return f"{kind.__qualname__} {value!r}"
        if objects.kind_made_by(value) is not None:
            return f"class {value!r}"
        if (reference := dtypes.reference_to(value)) is not None:
            self.found.arrays.append(value)
            return f"object {reference!r}"
        return f"{kind.__module__}.{kind.__qualname__} {getattr(value, '__qualname__', '')}"

    def write(self, *texts: str) -> None:
        for text in texts:
            data = text.encode("utf-8", "surrogatepass")
            self.hash.update(len(data).to_bytes(8, "little") + data)


def raw_function(value: Any) -> types.FunctionType | None:
    """The Python function behind a coroutine of ours, an @njit dispatcher or a plain function."""
    if isinstance(value, types.FunctionType):
        return value
    for attribute in ("__gpu_async__", "py_func"):
        inner = getattr(value, attribute, None)
        if isinstance(inner, types.FunctionType):
            return inner
    return None


def _is_ours(module: str | None) -> bool:
    return module is not None and (module + ".").startswith(_OURS)


def _content(cell: types.CellType) -> Any:
    """The value in a cell, or the cell itself while it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return cell


def _text(function: types.FunctionType) -> str:
    """The lines of a function, from its decorators to its last line with code."""
    code = function.__code__
    text = "".join(file_lines(function)[code.co_firstlineno - 1 : _last_line(code)])
    if not text:
        raise _NoSource
    return text


def _last_line(code: types.CodeType) -> int:
    last = max((end for _, end, _, _ in code.co_positions() if end is not None), default=code.co_firstlineno)
    nested = (_last_line(constant) for constant in code.co_consts if isinstance(constant, types.CodeType))
    return max(last, *nested, code.co_firstlineno)
