"""What the compiler says when it refuses: a place, the reason in the user's words, and what to write instead.

    slab.py:14:9: error: `with` is not available in a coroutine
       14 |     with open(path) as handle:
          |     ^^^^
      in coroutine 'flight'
      hint: open the file on the host and pass an array
"""

from __future__ import annotations

import linecache
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source file. Lines count from 1, columns from 0, as in `ast`; the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column + 1}"


NOWHERE = Span("<coro2cuda>", 0, 0, 0, 0)


class CompileError(Exception):
    """The compiler refuses a program. `span`, `message` and `hint` hold the parts; `str()` is the whole report.

    Attributes:
        message: one line, what is wrong.
        span: where.
        hint: what to write instead, or "".
    """

    def __init__(self, message: str, span: Span = NOWHERE, hint: str = "") -> None:
        super().__init__(message, span, hint)
        self.message, self.span, self.hint = message, span, hint

    def __str__(self) -> str:
        return "\n".join(_report(self))


def _characters(text: str, start: int, end: int) -> str:
    """A part of a line between two columns of `ast`, which count bytes."""
    return text.encode()[start:end].decode(errors="replace")


def _report(error: CompileError) -> list[str]:
    span = error.span
    text = linecache.getline(span.file, span.line).rstrip("\n") if span.line else ""
    last = span.end_column if span.end_line == span.line else len(text.encode())
    before, marked = _characters(text, 0, span.column), _characters(text, span.column, last)
    place = f"{span.file}:{span.line}:{len(before) + 1 if text else span.column + 1}: "
    lines = [f"{'' if span is NOWHERE else place}error: {error.message}"]
    if text.strip():
        margin = "".join("\t" if character == "\t" else " " for character in before)
        lines.append(f"{span.line:5} | {text}")
        lines.append(f"      | {margin}{'^' * max(1, len(marked))}")
    if span.function:
        lines.append(f"  in {span.function}")
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    return lines
