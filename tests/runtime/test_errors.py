"""A task's error as the user's own: type, message, file and line, and no frame of ours."""

from __future__ import annotations

import dataclasses
import traceback
from pathlib import Path

import pytest
from runtime_samples import example

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.lowering import abi
from coro2cuda.lowering.site import Site
from coro2cuda.runtime import errors

SOURCE = "import x\n\nasync def walk(n):\n    a = 1\n    return a // n\n"


def failing(exception: str, message: str, file: str) -> errors.Program:
    site = Site(exception, message, Span(file, 5, 11, 5, 17, "coroutine 'walk'"))
    return dataclasses.replace(example(), sites=(site,))


@pytest.mark.parametrize("name", ["ZeroDivisionError", "IndexError", "ValueError", "OverflowError", "AssertionError"])
def test_the_traceback_ends_in_the_users_line(name: str, tmp_path: Path) -> None:
    file = tmp_path / "walk.py"
    file.write_text(SOURCE)
    with pytest.raises(Exception) as caught:
        errors.raise_error(failing(name, "what happened", str(file)), 1, "cpu")
    assert type(caught.value).__name__ == name and str(caught.value) == "what happened"
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.name, last.line) == (str(file), 5, "walk", "return a // n")
    shown = "".join(traceback.format_exception(caught.value))
    assert "           ~~^^~~" in shown, "the carets are under the expression"
    assert any("task of walk on the cpu backend" in note for note in caught.value.__notes__)


def test_our_frames_are_taken_out(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        errors.raise_error(failing("ZeroDivisionError", "", str(tmp_path / "walk.py")), 1, "cpu")
    files = [entry.filename for entry in traceback.extract_tb(errors.without_our_frames(caught.value).__traceback__)]
    assert files == [__file__, str(tmp_path / "walk.py")]


def test_a_full_frame_pool_says_the_size_to_set() -> None:
    with pytest.raises(errors.FramePoolExhausted, match=r"all 1000 frames.*max_tasks=2000"):
        errors.raise_error(example(), abi.ERROR_FRAME_POOL, "cpu", 1000)


@pytest.mark.parametrize("code", [abi.ERROR_INTERNAL, 2, 77])
def test_what_cannot_be_asks_for_a_report_and_keeps_its_traceback(code: int) -> None:
    with pytest.raises(errors.ProgramError, match="Please report") as caught:
        errors.raise_error(example(), code, "cpu")
    entries = traceback.extract_tb(errors.without_our_frames(caught.value).__traceback__)
    assert entries[-1].filename == errors.__file__


def test_an_exception_that_the_runtime_does_not_know_is_our_mistake() -> None:
    with pytest.raises(errors.ProgramError, match="SystemExit"):
        errors.raise_error(failing("SystemExit", "", "walk.py"), 1, "cpu")
