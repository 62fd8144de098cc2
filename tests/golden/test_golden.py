"""What the compiler makes of small programs: IR, states, frame and resume functions against the texts beside them.

A case is a program in `cases/`: the coroutine `f`, and `MODES`, how a task gets each argument. The text beside it shows
what must not change by accident: which variables a suspend saves, where, and what is stored again.
`pytest tests/golden --update-golden` writes the texts anew; the difference in the commit is the review.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from coro2cuda.frontend import infer
from coro2cuda.lowering import build, compile, entry, ir, poll, split, target, verify
from coro2cuda.lowering.printer import print_function
from coro2cuda.lowering.program import Argument
from coro2cuda.show import show

CASES = sorted((Path(__file__).parent / "cases").glob("*.py"))


def load(path: Path) -> tuple[FunctionType, list[Argument]]:
    """The coroutine `f` of a case and how a task gets its arguments."""
    spec = importlib.util.spec_from_file_location(f"golden_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: FunctionType = module.f.__gpu_async__
    parameters = infer.signature(function)
    assert len(module.MODES) == len(parameters)
    return function, [
        Argument(parameter.name, parameter.type, mode)
        for parameter, mode in zip(parameters, module.MODES, strict=True)
        if parameter.type is not None
    ]


def stages(path: Path, passed: Callable[[ir.Module], None] = lambda module: None) -> compile.Stages:
    """The compiler's work up to the resume functions; `passed` sees the module after every pass."""
    function, arguments = load(path)
    typed = infer.infer_module(function, [argument.type for argument in arguments])
    module = build.build(typed)
    passed(module)
    uniforms = entry.add_root(module, [argument.mode for argument in arguments], [])
    passed(module)
    for step in compile.PIPELINE:
        step(module)
        passed(module)
    machine = split.split(module)
    passed(machine.module)
    for made in machine.functions.values():
        poll.guard_loops(made)
    return compile.Stages(function, tuple(arguments), target.parse("sm_90"), typed, module, machine, uniforms)


def sections(made: compile.Stages, with_root: bool) -> Iterator[str]:
    for stage in ("states", "frame", "ir"):
        yield f"--- {stage}\n\n{show(made, stage).rstrip()}\n"
    own = f"{entry.ROOT}."
    shown = [one for one in made.machine.functions.values() if with_root or not one.name.startswith(own)]
    functions = "\n".join(map(print_function, shown))
    yield f"--- functions after split\n\n{functions.rstrip()}\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_golden(path: Path, request: pytest.FixtureRequest) -> None:
    golden = path.with_suffix(".txt")
    found = "\n".join(sections(stages(path), path.stem == "root_task")).replace(str(path), path.name)
    assert str(path.parent) not in found
    if request.config.getoption("--update-golden"):
        golden.write_text(found, encoding="utf-8")
    else:
        assert found == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_pass_leaves_valid_ir(path: Path) -> None:
    checked = []

    def passed(module: ir.Module) -> None:
        verify.verify_module(module)
        checked.append(module)

    machine = stages(path, passed).machine
    assert len(checked) == 3 + len(compile.PIPELINE)
    for made in machine.functions.values():
        verify.verify(made, machine.module)


def test_every_text_has_its_program() -> None:
    assert {path.stem for path in CASES} == {path.stem for path in CASES[0].parent.glob("*.txt")}


def test_every_process_makes_the_same_code() -> None:
    """No order of a set, which differs from process to process, reaches the code."""
    path = next(path for path in CASES if path.stem == "mutual_recursion")
    command = [sys.executable, "-P", "-m", "coro2cuda", "show", f"{path}:f", "--stage", "llvm"]
    made = [subprocess.run(command, capture_output=True, check=True, env=os.environ | {"PYTHONHASHSEED": seed}).stdout
            for seed in ("1", "2")]  # fmt: skip
    assert made[0] == made[1] != b""
