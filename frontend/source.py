"""A function's source: text and syntax tree, with the file's own line and column numbers, and what its names mean."""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import tokenize
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from coro2cuda.frontend.diagnostics import CompileError, Span

MISSING = object()


@dataclass(frozen=True, slots=True)
class Source:
    """A function as it is written. `lookup` resolves the names it does not bind itself."""

    function: FunctionType
    file: str
    text: str
    node: ast.AsyncFunctionDef | ast.FunctionDef
    closure: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def description(self) -> str:
        """As error messages call it: `coroutine 'f'` or `function 'f'`."""
        return f"{'coroutine' if isinstance(self.node, ast.AsyncFunctionDef) else 'function'} '{self.name}'"

    def span(self, node: ast.AST) -> Span:
        """Where a node of this function stands."""
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        end_line, end_column = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
        return Span(self.file, line, column, end_line or line, end_column or column + 1, self.description)

    def head(self) -> Span:
        """The `def` line up to the name's end."""
        node = self.node
        width = len("async def " if isinstance(node, ast.AsyncFunctionDef) else "def ") + len(node.name)
        return Span(self.file, node.lineno, node.col_offset, node.lineno, node.col_offset + width, self.description)

    def lookup(self, name: str) -> Any:
        """What a closure, module or built-in name is bound to now, or MISSING."""
        for scope in (self.closure, self.function.__globals__, builtins.__dict__):
            if name in scope:
                return scope[name]
        return MISSING


def read(function: FunctionType) -> Source:
    """Read a function's source.

    Raises:
        CompileError: the source is not available, or is not one `def` or `async def`.
    """
    name = getattr(function, "__name__", repr(function))
    if name == "<lambda>":
        raise CompileError("a lambda cannot be compiled", hint="write a `def`")
    if not isinstance(function, FunctionType):
        raise CompileError(f"'{name}' is not a Python function", hint="only those can be compiled")
    lines, first = _lines(function), function.__code__.co_firstlineno
    node = _parse(lines, first, function)
    return Source(function, function.__code__.co_filename, "".join(lines), node, _closure(function))


_as_imported: dict[str, list[str]] = {}


def remember(function: FunctionType) -> None:
    """Keep the text of a function's file while it is imported: it may be edited before the function is compiled."""
    file = function.__code__.co_filename
    linecache.checkcache(file)
    _as_imported[file] = linecache.getlines(file, function.__globals__)


def file_lines(function: FunctionType) -> list[str]:
    """The lines of a function's file: as they were when the last of it was remembered, else as they are."""
    file = function.__code__.co_filename
    if not _as_imported.get(file):
        linecache.checkcache(file)
        return linecache.getlines(file, function.__globals__)
    return _as_imported[file]


def _lines(function: FunctionType) -> list[str]:
    """The lines of the definition, decorators included. (`inspect.getsourcelines` looks through all modules first.)"""
    code, lines = function.__code__, file_lines(function)
    if code.co_firstlineno > len(lines):
        raise _unavailable(function)
    try:
        return inspect.getblock(lines[code.co_firstlineno - 1 :])
    except (SyntaxError, tokenize.TokenError):
        raise _changed(function) from None


def _parse(lines: list[str], first: int, function: FunctionType) -> ast.AsyncFunctionDef | ast.FunctionDef:
    """Parse with the file's numbers. An indented function is parsed inside an `if`, so that columns stay."""
    indented = lines[0][:1].isspace()
    try:
        module = ast.parse("if True:\n" + "".join(lines) if indented else "".join(lines))
    except SyntaxError:
        raise _changed(function) from None
    ast.increment_lineno(module, first - (2 if indented else 1))
    body = module.body[0].body if indented and isinstance(module.body[0], ast.If) else module.body
    node = body[0]
    if not isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) or node.name != function.__code__.co_name:
        raise _changed(function)
    return node


def _unavailable(function: FunctionType) -> CompileError:
    return CompileError(
        f"the source of '{function.__code__.co_name}' is not available",
        hint="write it in a file: what is typed at a prompt or made with exec() has no source to compile",
    )


def _changed(function: FunctionType) -> CompileError:
    code = function.__code__
    if code.co_filename.startswith("<"):  # Python 3.13 gives the text of `python -c` for all that is made with exec()
        return _unavailable(function)
    place = Span(code.co_filename, code.co_firstlineno, 0, code.co_firstlineno, 1)
    return CompileError(
        f"'{code.co_name}' is not defined here any more", place, "the file has changed: import it again"
    )


def _closure(function: FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not assigned yet; a use of the name is refused where it stands
            continue
    return found
