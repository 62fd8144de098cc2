"""What is refused, and how: one program a refusal, in `cases/`, with the whole message at its end.

`pytest tests/refusals --update-golden` writes the messages anew; read the difference before you commit it.
"""

import importlib.util
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from coro2cuda.frontend import infer
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.lowering import build

CASES = sorted((Path(__file__).parent / "cases").glob("*.py"))
MARK = "\n# refused:\n"


def load(path: Path) -> FunctionType:
    """The coroutine `f` of a module."""
    spec = importlib.util.spec_from_file_location(f"refusal_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: FunctionType = getattr(module.f, "__gpu_async__", module.f)
    return function


def refusal(path: Path) -> str:
    """The message that the coroutine is refused with, or "" if it is not."""
    function = load(path)
    try:
        types = [spec.type for spec in infer.signature(function)]
        build.build(infer.infer_module(function, [type for type in types if type is not None]))
    except CompileError as error:
        return str(error).replace(str(path), path.name)
    return ""


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_refusal(path: Path, request: pytest.FixtureRequest) -> None:
    program, _, expected = path.read_text().partition(MARK)
    found = "".join(f"# {line}\n" for line in refusal(path).splitlines())
    assert found, "accepted"
    if request.config.getoption("--update-golden"):
        path.write_text(program + MARK + found)
    else:
        assert found == expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_refusal_has_a_place_and_a_hint(path: Path) -> None:
    lines = refusal(path).splitlines()
    assert lines[0].startswith(f"{path.name}:")
    assert lines[2].strip(" |^") == "" and "^" in lines[2]
    assert lines[-1].startswith("  hint: ")


def test_the_catalogue_is_there() -> None:
    """Without its files all of the above would pass."""
    assert len(CASES) >= 250
