"""A task's error as the user's own: type, message, file and line, and no frame of ours."""

from __future__ import annotations

import dataclasses
import struct
import traceback
from pathlib import Path

import pytest
from runtime_samples import example

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.lowering import abi
from coro2cuda.lowering.program import ClassName, Program
from coro2cuda.lowering.site import Site
from coro2cuda.runtime import errors
from coro2cuda.runtime.launch import lay_out

SOURCE = "import x\n\nasync def walk(n):\n    a = 1\n    return a // n\n"


def failing(exception: str, message: str, file: str) -> Program:
    site = Site(exception, message, Span(file, 5, 11, 5, 17, "coroutine 'walk'"))
    return dataclasses.replace(example(), sites=(site,), classes=(ClassName(exception, exception),))


def record(error: int = 1) -> bytes:
    """What a task leaves that raised at the first site, as root task 7."""
    words = [0] * abi.ERROR_ARGUMENTS
    words[abi.ERROR_ROOT] = 7
    return struct.pack(f"<{len(words)}I", *words)


def raise_it(program: Program, code: int = 1, frames: int = 8) -> None:
    errors.raise_error(program, code, "cpu", record, lay_out(program, 1, frames, 1), roots=9)


@pytest.mark.parametrize("name", ["ZeroDivisionError", "IndexError", "ValueError", "OverflowError", "AssertionError"])
def test_the_traceback_ends_in_the_users_line(name: str, tmp_path: Path) -> None:
    file = tmp_path / "walk.py"
    file.write_text(SOURCE)
    with pytest.raises(Exception) as caught:
        raise_it(failing(name, "what happened", str(file)))
    assert type(caught.value).__name__ == name and str(caught.value) == "what happened"
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.name, last.line) == (str(file), 5, "walk", "return a // n")
    shown = "".join(traceback.format_exception(caught.value))
    assert "           ~~^^~~" in shown, "the carets are under the expression"
    assert caught.value.__notes__ == ["raised by a task of walk on the cpu backend, root task 7 of 9"]
    assert caught.value.root_index == 7


def test_our_frames_are_taken_out(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        raise_it(failing("ZeroDivisionError", "", str(tmp_path / "walk.py")))
    files = [entry.filename for entry in traceback.extract_tb(errors.without_our_frames(caught.value).__traceback__)]
    assert files == [__file__, __file__, str(tmp_path / "walk.py")]


def test_a_full_frame_pool_says_the_size_to_set() -> None:
    with pytest.raises(errors.FramePoolExhausted, match=r"all 1000 frames.*max_tasks=2000"):
        raise_it(example(), abi.ERROR_FRAME_POOL, 1000)


def test_a_full_pool_of_errors_says_the_size_to_set() -> None:
    program = dataclasses.replace(example(), catches=True)
    with pytest.raises(errors.ErrorPoolExhausted, match=r"4096 exceptions.*max_errors=8192"):
        raise_it(program, abi.ERROR_POOL)


@pytest.mark.parametrize("code", [abi.ERROR_INTERNAL, 2, 77])
def test_what_cannot_be_asks_for_a_report_and_keeps_its_traceback(code: int) -> None:
    with pytest.raises(errors.ProgramError, match="Please report") as caught:
        raise_it(example(), code)
    entries = traceback.extract_tb(errors.without_our_frames(caught.value).__traceback__)
    assert entries[-1].filename == errors.__file__


def test_a_class_that_is_not_found_is_made_from_its_built_in_base() -> None:
    classes = (ClassName("gone:Lost.Deep", "KeyError"),)
    program = dataclasses.replace(failing("gone:Lost.Deep", "", "walk.py"), classes=classes)
    with pytest.raises(KeyError) as caught:
        raise_it(program)
    assert (type(caught.value).__name__, type(caught.value).__module__) == ("Deep", "gone")
