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


def _report(error: CompileError) -> list[str]:
    span = error.span
    lines = [f"{span}: error: {error.message}" if span is not NOWHERE else f"error: {error.message}"]
    text = linecache.getline(span.file, span.line).rstrip("\n") if span.line else ""
    if text.strip():
        last = span.end_column if span.end_line == span.line else len(text)
        start = len(text.encode()[: span.column].decode(errors="replace"))
        end = len(text.encode()[:last].decode(errors="replace"))
        lines.append(f"{span.line:5} | {text}")
        lines.append(f"      | {' ' * start}{'^' * max(1, end - start)}")
    if span.function:
        lines.append(f"  in {span.function}")
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    return lines
