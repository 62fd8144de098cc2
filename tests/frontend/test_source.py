"""Reading a function: the file's own lines and columns, and the sources that are not there."""

import ast
import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coro2cuda.frontend import source
from coro2cuda.frontend.diagnostics import CompileError


def ignored(function: Any) -> Any:
    return function


class Nested:
    @ignored
    async def method(
        self,
    ) -> None:
        """With a line
that is not indented."""
        x = 1
        del x


# The line of `x = 1` above, which the file's own numbers must name.
LINE = next(number for number, line in enumerate(Path(__file__).read_text().splitlines(), 1) if line.strip() == "x = 1")


def test_lines_and_columns_are_the_files() -> None:
    read = source.read(Nested.method)
    span = read.span(read.node.body[1])
    assert (span.file, span.line, span.column, span.end_column) == (__file__, LINE, 8, 13)
    assert span.function == "coroutine 'method'"
    assert read.head().line == LINE - 5


def test_text_and_names(program: Callable[..., dict[str, Any]]) -> None:
    space = program("def make(k):\n    def f():\n        return k + K\n    return f\nK = 3\nf = make(2)\n")
    read = source.read(space["f"])
    assert read.text.startswith("    def f():")
    assert isinstance(read.node, ast.FunctionDef)
    assert (read.lookup("k"), read.lookup("K"), read.lookup("len"), read.lookup("none")) == (2, 3, len, source.MISSING)
    assert read.description == "function 'f'"


def test_columns_count_characters_of_a_caret(refused: Callable[..., CompileError]) -> None:
    lines = str(refused("async def f():\n    größe = nonesuch\n")).splitlines()
    assert lines[1].index("nonesuch") == lines[2].index("^")
    assert lines[2].count("^") == len("nonesuch")


def test_the_column_counts_characters_and_tabs_stay_tabs(refused: Callable[..., CompileError]) -> None:
    lines = str(refused("async def f():\n\tgröße = nonesuch\n")).splitlines()
    assert ":2:10: error:" in lines[0]
    assert lines[2] == "      | \t        ^^^^^^^^"


def test_exec_leaves_no_source() -> None:
    space: dict[str, Any] = {}
    exec("async def f(): pass", space)
    with pytest.raises(CompileError, match="source of 'f' is not available"):
        source.read(space["f"])


def test_exec_under_a_name_that_has_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "print('python -c, as Python 3.13 remembers it')\n"
    monkeypatch.setitem(linecache.cache, "<string>", (len(text), None, [text], "<string>"))
    test_exec_leaves_no_source()


@pytest.mark.parametrize("function", [len, int, ignored(lambda: 0), Nested()])
def test_not_a_def(function: Any) -> None:
    with pytest.raises(CompileError) as caught:
        source.read(function)
    assert caught.value.hint


def test_a_file_that_changed(program: Callable[..., dict[str, Any]]) -> None:
    function = program("x = 1\nasync def f(): pass\n")["f"]
    path = Path(function.__code__.co_filename)
    for text in ("\nx = 2 + 2  # where f was\n", "\nasync def other_name(): pass\n", "\n) of no use\n"):
        path.write_text(text)
        with pytest.raises(CompileError, match="'f' is not defined here any more"):
            source.read(function)
