"""The artifact of the compiler: code bytes and a manifest, all that the runtime sees.

    Program ──to_manifest──▶ dict (JSON) + code (+ cubin) ──from_manifest──▶ Program

A manifest is data: it is checked key by key and never executed. `ManifestError` names the key that is wrong.

The *argument block* that `abi.LAUNCH_UNIFORMS` points to holds, in slots of 8 bytes (`lay_out_uniforms`):

    captured arrays      in the order of `captured`
    each parameter's     uniform: its value;  range: start, step;  each: the array, 1-D with a stride
    result arrays        one contiguous 1-D array for each scalar leaf of the result type
    errors               one such array of u32, if exceptions are returned

where a scalar takes one slot (at its natural size, little-endian, a bool as a byte), a tuple the slots of its items,
and an array a pointer, its extents and, unless contiguous, its strides in bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar, get_args

from coro2cuda.frontend import dtypes
from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Array, NoneValue, Reference, Scalar, Tuple, Type
from coro2cuda.lowering import abi
from coro2cuda.lowering.site import ErrorArgument, Site

T = TypeVar("T")
Mode = Literal["uniform", "range", "each"]
SLOT: Final = 8
FORMAT: Final = "coro2cuda program"


class ManifestError(ValueError):
    """A manifest is not one of ours, is damaged, or was made by another version."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter of the user's coroutine: `type` is the parameter's, also where `mode` takes it from an array."""

    name: str
    type: Type
    mode: Mode = "uniform"

    def uniforms(self) -> tuple[Type, ...]:
        """What it puts into the argument block."""
        match self.mode:
            case "range":
                return (self.type, self.type)
            case "each":
                assert isinstance(self.type, Scalar)
                return (Array(self.type, 1),)
            case "uniform":
                return (self.type,)


@dataclass(frozen=True, slots=True)
class UniformSlot:
    """A uniform's place in the argument block: the byte offset of its first slot."""

    offset: int
    type: Type


@dataclass(frozen=True, slots=True)
class State:
    """A resumable state, for statistics and `show`: `kind` says what it waits for, `saved` what its frame holds."""

    index: int
    name: str
    title: str
    file: str
    line: int
    saved: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class ClassName:
    """An exception class: its name as in `Site`, and that of its nearest built-in base, in case it cannot be found."""

    name: str
    base: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What the executor's memory depends on: `children` is the most frames that one suspension of a task begins (0:
    each task stays in one frame), `forks` that several may run at once and other warps may steal them. `fails`,
    `catches`, `error_words`, `waits` and `cancels` are a Program's. `orders` (`sharing`) is only asked for where it is
    compiled."""

    states: int
    children: int = 0
    forks: bool = False
    fails: bool = True
    catches: bool = False
    error_words: int = abi.ERROR_ARGUMENTS
    waits: bool = False
    cancels: bool = False
    orders: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What the assembler says of the grouped kernel."""

    registers: int
    stack_bytes: int = 0
    spill_bytes: int = 0
    shared_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled coroutine. `code` is PTX text (UTF-8) or an object file; `entries` names its entry points,
    `grouped`, `ungrouped` or both. `captured_values` are the host arrays of this process, not part of the manifest.
    `class_values` are the exception classes that `classes` names, likewise. `catches` says that a run may go on after
    an exception, `fails` that one may have to go from frame to frame, `error_words` how long an error's record is.
    `timings` are seconds by compiler stage, `uniforms` the whole argument block in order."""

    name: str
    title: str
    target: str
    code: bytes
    entries: dict[str, str]
    arguments: tuple[Argument, ...]
    captured: tuple[Type, ...]
    uniforms: tuple[UniformSlot, ...]
    block_size: int
    result: Type
    result_leaves: tuple[Scalar, ...]
    frame_size: int
    warp_memory_size: int
    states: tuple[State, ...]
    sites: tuple[Site, ...]
    formats: tuple[tuple[str | Type, ...], ...] = ()
    may_suspend: bool = True
    children: int = 0
    forks: bool = False
    places: tuple[Span, ...] = ()
    classes: tuple[ClassName, ...] = ()
    catches: bool = False
    fails: bool = True
    returns_errors: bool = False
    error_words: int = abi.ERROR_ARGUMENTS
    waits: bool = False
    cancels: bool = False
    report: Report | None = None
    timings: dict[str, float] = field(default_factory=dict, compare=False)
    cubin: bytes | None = None
    version: str = ""
    abi_version: int = abi.ABI_VERSION
    captured_values: tuple[Any, ...] = field(default=(), compare=False, repr=False)
    class_values: tuple[type[BaseException], ...] = field(default=(), compare=False, repr=False)

    @property
    def shape(self) -> Shape:
        return Shape(
            len(self.states), self.children, self.forks, self.fails, self.catches, self.error_words, self.waits,
            self.cancels,
        )  # fmt: skip

    @property
    def stored(self) -> tuple[Scalar, ...]:
        """The element types of the arrays that root tasks write to: results, and errors if they are returned."""
        return (*self.result_leaves, dtypes.u32) if self.returns_errors else self.result_leaves

    @property
    def recursive(self) -> bool:
        """Whether a task may need any number of frames."""
        return self.children > 0

    def to_manifest(self) -> dict[str, Any]:
        """Everything but the code, which it names by size and digest, as what JSON can hold."""
        return {
            "format": FORMAT,
            "abi_version": self.abi_version,
            "version": self.version,
            "name": self.name,
            "title": self.title,
            "target": self.target,
            "code": _blob_to_json(self.code),
            "cubin": None if self.cubin is None else _blob_to_json(self.cubin),
            "entries": dict(self.entries),
            "arguments": [[a.name, type_to_text(a.type), a.mode] for a in self.arguments],
            "captured": [type_to_text(type) for type in self.captured],
            "uniforms": [[slot.offset, type_to_text(slot.type)] for slot in self.uniforms],
            "block_size": self.block_size,
            "result": type_to_text(self.result),
            "result_leaves": [leaf.name for leaf in self.result_leaves],
            "frame_size": self.frame_size,
            "warp_memory_size": self.warp_memory_size,
            "states": [[s.index, s.name, s.title, s.file, s.line, list(s.saved), s.kind] for s in self.states],
            "sites": [_site_to_json(site) for site in self.sites],
            "formats": [[_part_to_json(part) for part in parts] for parts in self.formats],
            "may_suspend": self.may_suspend,
            "children": self.children,
            "forks": self.forks,
            "waits": self.waits,
            "cancels": self.cancels,
            "places": [_span_to_json(place) for place in self.places],
            "classes": [[kind.name, kind.base] for kind in self.classes],
            "catches": self.catches,
            "fails": self.fails,
            "returns_errors": self.returns_errors,
            "error_words": self.error_words,
            "report": None if self.report is None else [
                self.report.registers, self.report.stack_bytes, self.report.spill_bytes, self.report.shared_bytes
            ],
            "timings": dict(self.timings),
        }  # fmt: skip


# --- the argument block ----------------------------------------------------------------------------------------------


def slots(type: Type) -> int:
    """How many 8-byte slots of the argument block a value of the type takes."""
    match type:
        case Scalar() | Reference():
            return 1
        case Tuple():
            return sum(map(slots, type.elements))
        case Array():
            return 1 + type.ndim * (1 if type.contiguous else 2)
        case NoneValue():
            return 0
        case _:
            raise TypeError(f"{type!r} cannot be an argument")


def lay_out_uniforms(types: Iterable[Type]) -> tuple[tuple[int, ...], int]:
    """The byte offset of each uniform in the argument block, and the size of the block."""
    offsets, size = [], 0
    for type in types:
        offsets.append(size)
        size += SLOT * slots(type)
    return tuple(offsets), size


def leaves(type: Type) -> tuple[Scalar, ...]:
    """The scalars a result type is made of, in order: one result array each."""
    match type:
        case Scalar():
            return (type,)
        case Tuple():
            return tuple(leaf for element in type.elements for leaf in leaves(element))
        case NoneValue():
            return ()
        case _:
            raise TypeError(f"{type!r} cannot be the result of a root task")


def uniform_types(
    captured: Sequence[Type], arguments: Sequence[Argument], result: Type, returns_errors: bool = False
) -> tuple[Type, ...]:
    """The types of all uniforms, in the order of the argument block."""
    given = [type for argument in arguments for type in argument.uniforms()]
    stored = (*leaves(result), *((dtypes.u32,) if returns_errors else ()))
    return (*captured, *given, *(Array(leaf, 1, contiguous=True) for leaf in stored))


# --- types as text ---------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"tuple\[|None|[a-z0-9_]+(?:\[:(?:,:){0,2}\]C?(?:ro)?)?")


def type_to_text(type: Type) -> str:
    """`i32`, `f32[:,:]C` (contiguous), `f32[:]ro` (read-only), `tuple[i32, f64]`, `tuple[()]`, `None`, `lock`,
    `queue<i32>`."""
    match type:
        case Scalar():
            return type.name
        case Array():
            axes = ",".join(":" * type.ndim)
            return f"{type.element.name}[{axes}]{'C' if type.contiguous else ''}{'' if type.writable else 'ro'}"
        case Tuple():
            return "tuple[" + (", ".join(map(type_to_text, type.elements)) or "()") + "]"
        case NoneValue():
            return "None"
        case Reference(kind, elements):
            return kind + (f"<{type_to_text(elements[0])}>" if elements else "")
        case _:
            raise TypeError(f"{type!r} has no place in a manifest")


def type_from_text(text: str) -> Type:
    """The inverse of `type_to_text`.

    Raises:
        ManifestError: the text names no type.
    """
    type, end = _parse_type(text, 0)
    if end != len(text):
        raise ManifestError(f"no such type: {text!r}")
    return type


def _parse_type(text: str, start: int) -> tuple[Type, int]:
    match = _TOKEN.match(text, start)
    if match is None:
        raise ManifestError(f"no such type: {text!r}")
    if match[0] == "None":
        return dtypes.none, match.end()
    if match[0] in dtypes.KIND_NAMES:
        return _parse_reference(text, match[0], match.end())
    if match[0] == "tuple[":
        return _parse_elements(text, match.end())
    name, _, axes = match[0].partition("[")
    scalar = dtypes.BY_NAME.get(name)
    if scalar is None:
        raise ManifestError(f"no such type: {text!r}")
    if not axes:
        return scalar, match.end()
    flags = axes.partition("]")[2]
    return Array(scalar, axes.count(":"), "C" in flags, "ro" not in flags), match.end()


def _parse_reference(text: str, kind: dtypes.ObjectKind, start: int) -> tuple[Type, int]:
    if not text.startswith("<", start):
        return Reference(kind), start
    element, end = _parse_type(text, start + 1)
    if not text.startswith(">", end):
        raise ManifestError(f"no such type: {text!r}")
    return Reference(kind, (element,)), end + 1


def _parse_elements(text: str, start: int) -> tuple[Tuple, int]:
    if text.startswith("()]", start):
        return Tuple(()), start + 3
    elements = []
    while True:
        element, start = _parse_type(text, start)
        elements.append(element)
        if text.startswith("]", start):
            return Tuple(tuple(elements)), start + 1
        if not text.startswith(", ", start):
            raise ManifestError(f"no such type: {text!r}")
        start += 2


# --- manifests back to programs --------------------------------------------------------------------------------------


def from_manifest(manifest: Any, code: bytes, cubin: bytes | None = None) -> Program:
    """The program a manifest describes, with its code.

    Raises:
        ManifestError: a key is missing or wrong, the code is not the one described, or the ABI is another.
    """
    read = _Reader(manifest)
    if read.text("format") != FORMAT:
        raise ManifestError("this is not a coro2cuda manifest: `format` is missing")
    if read.whole("abi_version") != abi.ABI_VERSION:
        found = manifest["abi_version"]
        raise ManifestError(
            f"the program has ABI version {found}, not {abi.ABI_VERSION} as this coro2cuda: build it again"
        )
    read.one("code", lambda described: _check_blob(described, code))
    if cubin is not None:
        read.one("cubin", lambda described: _check_blob(described, cubin))
    program = Program(
        name=read.text("name"),
        title=read.text("title"),
        target=read.text("target"),
        code=code,
        cubin=cubin,
        version=read.text("version"),
        entries=read.mapping("entries", _text),
        arguments=read.several("arguments", _argument),
        captured=read.several("captured", _type),
        uniforms=read.several("uniforms", _uniform),
        block_size=read.whole("block_size"),
        result=read.one("result", _type),
        result_leaves=read.several("result_leaves", _scalar),
        frame_size=read.whole("frame_size"),
        warp_memory_size=read.whole("warp_memory_size"),
        states=read.several("states", _state),
        sites=read.several("sites", _site),
        formats=read.several("formats", _format),
        may_suspend=read.one("may_suspend", _flag),
        children=read.whole("children"),
        forks=read.one("forks", _flag),
        waits=read.one("waits", _flag),
        cancels=read.one("cancels", _flag),
        places=read.several("places", _span),
        classes=read.several("classes", _class),
        catches=read.one("catches", _flag),
        fails=read.one("fails", _flag),
        returns_errors=read.one("returns_errors", _flag),
        error_words=read.whole("error_words"),
        report=read.one("report", _report),
        timings=read.mapping("timings", _number),
    )
    _check_consistent(program)
    return program


class _Reader:
    """Typed access to the keys of a manifest; every refusal names the key."""

    def __init__(self, manifest: Any) -> None:
        if not isinstance(manifest, dict):
            raise ManifestError("a manifest is a JSON object")
        self.manifest = manifest

    def get(self, key: str) -> Any:
        if key not in self.manifest:
            raise ManifestError(f"the manifest has no `{key}`")
        return self.manifest[key]

    def one(self, key: str, decode: Callable[[Any], T]) -> T:
        value = self.get(key)
        try:
            return decode(value)
        except ManifestError as error:
            raise ManifestError(f"the manifest's `{key}` is wrong: {error}") from None

    def text(self, key: str) -> str:
        return self.one(key, _text)

    def whole(self, key: str) -> int:
        return self.one(key, _whole)

    def several(self, key: str, decode: Callable[[Any], T]) -> tuple[T, ...]:
        return self.one(key, lambda value: tuple(map(decode, _list(value))))

    def mapping(self, key: str, decode: Callable[[Any], T]) -> dict[str, T]:
        return self.one(key, lambda value: {_text(name): decode(item) for name, item in _dict(value).items()})


def _expect(value: Any, kind: type[T], *, but_not: type | None = None) -> T:
    if not isinstance(value, kind) or (but_not is not None and isinstance(value, but_not)):
        raise ManifestError(f"expected {kind.__name__}, found {value!r:.60}")
    return value


def _text(value: Any) -> str:
    return _expect(value, str)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, _list(value)))


def _list(value: Any) -> list[Any]:
    return _expect(value, list)


def _dict(value: Any) -> dict[str, Any]:
    return _expect(value, dict)


def _flag(value: Any) -> bool:
    return _expect(value, bool)


def _number(value: Any) -> float:
    return float(value) if type(value) is int else _expect(value, float)


def _whole(value: Any) -> int:
    whole = _expect(value, int, but_not=bool)
    if whole < 0:
        raise ManifestError(f"expected a size or index, found {whole}")
    return whole


def _row(value: Any, *decoders: Callable[[Any], Any]) -> list[Any]:
    row = _list(value)
    if len(row) != len(decoders):
        raise ManifestError(f"expected {len(decoders)} items, found {value!r:.60}")
    return [decode(item) for decode, item in zip(decoders, row, strict=True)]


def _type(value: Any) -> Type:
    return type_from_text(_text(value))


def _scalar(value: Any) -> Scalar:
    return _expect(_type(value), Scalar)


def _argument(value: Any) -> Argument:
    name, type, mode = _row(value, _text, _type, _text)
    if mode not in get_args(Mode) or (mode != "uniform" and not isinstance(type, Scalar)):
        raise ManifestError(f"parameter {name!r} cannot have mode {mode!r}")
    return Argument(name, type, mode)


def _uniform(value: Any) -> UniformSlot:
    return UniformSlot(*_row(value, _whole, _type))


def _state(value: Any) -> State:
    return State(*_row(value, _whole, _text, _text, _text, _whole, _texts, _text))


def _site(value: Any) -> Site:
    return Site(*_row(value, _text, _text, _span, _error_arguments, _whole))


def _span(value: Any) -> Span:
    return Span(*_row(value, _text, *[_whole] * 4, _text))


def _class(value: Any) -> ClassName:
    return ClassName(*_row(value, _text, _text))


def _error_arguments(value: Any) -> tuple[ErrorArgument, ...]:
    return tuple(_type(one) if isinstance(one, str) else _format(one) for one in _list(value))


def _format(value: Any) -> tuple[str | Type, ...]:
    return tuple(_part(part) for part in _list(value))


def _part(value: Any) -> str | Type:
    return _text(value) if isinstance(value, str) else _type(_row(value, _text)[0])


def _report(value: Any) -> Report | None:
    return None if value is None else Report(*_row(value, *[_whole] * 4))


def _check_consistent(program: Program) -> None:
    """What the runtime relies on when it writes the argument block."""
    types = uniform_types(program.captured, program.arguments, program.result, program.returns_errors)
    offsets, size = lay_out_uniforms(types)
    if program.uniforms != tuple(map(UniformSlot, offsets, types)) or program.block_size != size:
        raise ManifestError("the manifest's `uniforms` do not fit its arguments and result")
    if program.result_leaves != leaves(program.result):
        raise ManifestError("the manifest's `result_leaves` do not fit its `result`")
    if not program.entries or set(program.entries) - {"grouped", "ungrouped"}:
        raise ManifestError("the manifest's `entries` are not `grouped` and `ungrouped`")


def _check_blob(described: Any, found: bytes) -> None:
    size, digest = _row(described, _whole, _text)
    if size != len(found) or digest != hashlib.sha256(found).hexdigest():
        raise ManifestError("the file is not the one that the manifest describes (size or digest differ)")


def _blob_to_json(blob: bytes) -> list[Any]:
    return [len(blob), hashlib.sha256(blob).hexdigest()]


def _span_to_json(span: Span) -> list[Any]:
    return [span.file, span.line, span.column, span.end_line, span.end_column, span.function]


def _site_to_json(site: Site) -> list[Any]:
    """An argument that is a number is its type, one that is text a list of parts."""
    arguments = [list(map(_part_to_json, one)) if isinstance(one, tuple) else type_to_text(one)
                 for one in site.arguments]  # fmt: skip
    return [site.exception, site.message, _span_to_json(site.span), arguments, site.kind]


def _part_to_json(part: str | Type) -> Any:
    """Literal text as it is, a value's type in a list of one."""
    return part if isinstance(part, str) else [type_to_text(part)]
