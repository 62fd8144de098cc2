"""A function's source: text and syntax tree, with the file's own line and column numbers, and what its names mean."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
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
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):
        raise CompileError(
            f"the source of '{name}' is not available",
            hint="write it in a file: what is typed at a prompt or made with exec() has no source to compile",
        ) from None
    node = _parse(lines, first, name)
    file = inspect.getsourcefile(function) or function.__code__.co_filename
    return Source(function, file, "".join(lines), node, _closure(function))


def _parse(lines: list[str], first: int, name: str) -> ast.AsyncFunctionDef | ast.FunctionDef:
    """Parse with the file's numbers. An indented function is parsed inside an `if`, so that columns stay."""
    indented = lines[0][:1].isspace()
    text = "if True:\n" + "".join(lines) if indented else "".join(lines)
    try:
        module = ast.parse(text)
    except SyntaxError:
        module = ast.parse("if True:\n" + textwrap.indent(textwrap.dedent("".join(lines)), " "))
        indented = True
    ast.increment_lineno(module, first - (2 if indented else 1))
    body = module.body[0].body if indented and isinstance(module.body[0], ast.If) else module.body
    node = body[0]
    if not isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
        raise CompileError(f"'{name}' is not written as a `def`", hint="write a `def`")
    return node


def _closure(function: FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not assigned yet; a use of the name is refused where it stands
            continue
    return found
