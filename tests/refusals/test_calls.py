"""Wrong calls, and how they are refused: one a file, in `calls/`, with the type and the whole message at its end.

What the command line writes counts as its message. `pytest tests/refusals --update-golden` writes them anew.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

CASES = sorted((Path(__file__).parent / "calls").glob("*.py"))
MARK = "\n# refused:\n"


def load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"call_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def refusal(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """`TypeError: ...`, or what the command wrote on stderr; "" if the call is accepted."""
    module = load(path)
    try:
        module.call()
    except SystemExit:
        message = re.sub(r"usage:[\s\S]*\n(?=coro2cuda)", "", capsys.readouterr().err)
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
    else:
        message = capsys.readouterr().err
    message = re.sub(r"0x[0-9a-f]+", "0x...", message)
    return message.replace(str(path), path.name).replace(f"call_{path.stem}", path.stem)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_wrong_call(
    path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)  # not where `make demo` leaves its pictures
    program, _, expected = path.read_text().partition(MARK)
    found = "".join(f"# {line}".rstrip() + "\n" for line in refusal(path, capsys).splitlines())
    assert found, "accepted"
    if request.config.getoption("--update-golden"):
        path.write_text(program + MARK + found)
    else:
        assert found == expected


def test_the_catalogue_is_there() -> None:
    """Without its files the above would pass."""
    assert len(CASES) >= 45
