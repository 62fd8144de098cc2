"""An error's record as the exception it stands for: class, arguments, cause, context and the user's own traceback.

    record   site 3, class 5, cause, context, places 1 7 7 2, arguments 30, 2.5      (words, see `abi`)
             ▼
    SlabError("neutron 30", 2.5)    traceback: place 2, place 7, place 7, place 1, then where site 3 stands
"""

from __future__ import annotations

import ast
import builtins
import dis
import importlib
import struct
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Scalar, Type
from coro2cuda.lowering import abi
from coro2cuda.lowering.program import ClassName, Program
from coro2cuda.lowering.site import Site
from coro2cuda.runtime import prints

ReadRecord = Callable[[int], bytes]
_RAISE = dis.opmap["RAISE_VARARGS"]
NATIVE = ("bool", "i64", "f64")  # Python's own on the host; NumPy scalars stand for the others


def site_of(program: Program, read: ReadRecord, error: int) -> Site:
    """Where an error was raised."""
    site: Site = program.sites[struct.unpack_from("<I", read(error), 4 * abi.ERROR_SITE)[0]]
    return site


def exception_of(program: Program, read: ReadRecord, error: int) -> BaseException:
    """The exception that the record of an error stands for, with its traceback."""
    record = read(error)
    words = struct.unpack_from(f"<{abi.ERROR_ARGUMENTS}I", record)
    site = program.sites[words[abi.ERROR_SITE]]
    arguments: tuple[Any, ...] = arguments_of(site, record)
    if words[abi.ERROR_MEMBERS]:
        arguments = (*arguments, list(_members(program, read, words[abi.ERROR_MEMBERS])))
    made = _made(find_class(program, site.kind), arguments)
    places, missing = _places(words)
    spans = [program.places[place] for place in reversed(places)]
    made = made.with_traceback(traceback_at([*spans, site.span]))
    if missing:
        made.add_note(f"{missing} calls between the first and the last of its traceback are not shown")
    if words[abi.ERROR_CONTEXT]:
        made.__context__ = exception_of(program, read, words[abi.ERROR_CONTEXT])
    if words[abi.ERROR_CAUSE]:
        made.__cause__ = _cause(program, read, words[abi.ERROR_CAUSE], made)
    return made


def _members(program: Program, read: ReadRecord, node: int) -> Iterator[BaseException]:
    """What an ExceptionGroup holds: each member stands in a record of its own that names it and the next."""
    while node:
        words = struct.unpack_from(f"<{abi.ERROR_ARGUMENTS}I", read(node))
        yield exception_of(program, read, words[abi.ERROR_MEMBERS])
        node = words[abi.ERROR_SIBLING]


def _cause(program: Program, read: ReadRecord, cause: int, made: BaseException) -> BaseException | None:
    """The cause; often it is the context too, and then the same object."""
    if cause == abi.CAUSE_NONE:
        return None
    found = exception_of(program, read, cause)
    context = made.__context__
    same = context is not None and type(context) is type(found) and context.args == found.args
    return context if same else found


def _made(kind: type[BaseException], arguments: tuple[Any, ...]) -> BaseException:
    """The exception. If its class refuses the arguments, what it raises is what Python would raise there."""
    try:
        return kind(*arguments)
    except Exception as refused:
        return refused


def find_class(program: Program, kind: int) -> type[BaseException]:
    """The class of the process, or, for a program built elsewhere, one like it."""
    if program.class_values:
        return program.class_values[kind]
    return named_class(program.classes[kind], ())


def named_class(wanted: ClassName, known: Sequence[type[BaseException]]) -> type[BaseException]:
    """The class of a name: one of the known, else an importable one, else a new one with the same built-in base."""
    from coro2cuda.frontend.tree import class_name

    for kind in known:
        if class_name(kind) == wanted.name:
            return kind
    module, _, qualified = wanted.name.rpartition(":")
    if not module:
        found = getattr(builtins, qualified)
        assert isinstance(found, type) and issubclass(found, BaseException)
        return found
    try:
        found = importlib.import_module(module)
        for part in qualified.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        found = None
    if isinstance(found, type) and issubclass(found, BaseException):
        return found
    return type(qualified.rpartition(".")[2], (getattr(builtins, wanted.base),), {"__module__": module})


# --- arguments -------------------------------------------------------------------------------------------------------


def arguments_of(site: Site, record: bytes) -> tuple[Any, ...]:
    """The arguments of the exception, put together from the values in the record."""
    if not site.arguments:
        return (site.message,) if site.message else ()
    position = 4 * abi.ERROR_ARGUMENTS
    found: list[Any] = []
    for argument in site.arguments:
        if not isinstance(argument, tuple):
            found.append(_value(argument, record, position))
            position += 8
            continue
        text = []
        for part in argument:
            if isinstance(part, str):
                text.append(part)
            else:
                text.append(prints.shown(part, record, position))
                position += 8
        found.append("".join(text))
    return tuple(found)


def _value(type: Type, record: bytes, position: int) -> Any:
    assert isinstance(type, Scalar)
    code = "<d" if type.is_float else "<q" if type.kind == "int" else "<Q"
    value = struct.unpack_from(code, record, position)[0]
    if type.kind == "bool":
        return bool(value & 1)
    return value if type.name in NATIVE else type.numpy().type(value)


# --- tracebacks ------------------------------------------------------------------------------------------------------


def _places(words: Sequence[int]) -> tuple[list[int], int]:
    """The places the error passed, innermost first, and how many are missing between the first and the last."""
    count = words[abi.ERROR_TRACED]
    first = words[abi.ERROR_TRACE : abi.ERROR_TRACE + min(count, abi.TRACE_FIRST)]
    rest = count - len(first)
    kept = min(rest, abi.TRACE_LAST)
    ring = words[abi.ERROR_TRACE + abi.TRACE_FIRST :]
    last = [ring[position % abi.TRACE_LAST] for position in range(rest - kept, rest)]
    return [*first, *last], rest - kept


def traceback_at(spans: Sequence[Span]) -> types.TracebackType | None:
    """A traceback with an entry a span, outermost first."""
    made = None
    for span in reversed(spans):
        made = _entry_at(span, made)
    return made


def _entry_at(span: Span, following: types.TracebackType | None) -> types.TracebackType:
    """The entry of a coroutine that claims to stand at the span.

    The coroutine never runs, so its frame has no caller: who keeps the error keeps nothing else."""
    code = _code_at(span)
    coroutine = types.FunctionType(code, {})()
    frame = coroutine.cr_frame
    coroutine.close()
    return types.TracebackType(following, frame, 2 * code.co_code[::2].index(_RAISE), max(1, span.line))


def _code_at(span: Span) -> types.CodeType:
    """Of `async def NAME(): raise`."""
    place = {"lineno": max(1, span.line), "col_offset": span.column,
             "end_lineno": max(1, span.end_line), "end_col_offset": span.end_column}  # fmt: skip
    module = ast.parse("async def coroutine(): raise")
    for node in ast.walk(module):
        if isinstance(node, ast.stmt):
            vars(node).update(place)
    code: types.CodeType = next(
        each for each in compile(module, span.file, "exec").co_consts if isinstance(each, types.CodeType)
    )
    name = function_name(span)
    return code.replace(co_name=name, co_qualname=name)


def function_name(span: Span) -> str:
    """`flight` of a span in "coroutine 'flight'"; the module if there is none."""
    quoted = span.function.split("'")
    return quoted[1] if len(quoted) > 1 else span.function or "<module>"


def entries(traceback: types.TracebackType | None) -> Iterator[types.TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next
