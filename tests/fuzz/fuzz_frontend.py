"""Arbitrary valid Python for the compiler: the functions of the standard library, each as a coroutine.

    def total(self, xs, start=None):     ──▶     async def total(self, xs, start=0): ...
                                                 types (f32[:, :], int, tuple[int, float]), and others

It compiles or is refused with CompileError; nothing else may be raised, and nothing may take long. Only functions are
executed (defined), never called, and nothing is imported.

    python tests/fuzz/fuzz_frontend.py            all functions
    python tests/fuzz/fuzz_frontend.py --functions 500 --seed 3
"""

from __future__ import annotations

import argparse
import ast
import math
import random
import sys
import sysconfig
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy
from fuzz_tame import tamed

from coro2cuda.frontend import builtins as ours
from coro2cuda.frontend import dtypes
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Array, Tuple, Type, boolean, f32, f64, i32, i64, u8
from coro2cuda.lowering.program import Argument
from coro2cuda.runtime import compiler

LONGEST = 10.0  # seconds for one function
TYPES: tuple[Type, ...] = (
    i64, f64, boolean, i32, f32, u8, Array(i64, 1, True), Array(f32, 2, False), Array(u8, 1, True, False),
    Array(f64, 3, True), Tuple((i64, f64)), Tuple((i64, i64, i64)), Tuple(()), Tuple((Array(i64, 1, True), boolean)),
)  # fmt: skip
STRANGERS: tuple[Any, ...] = (3, 0.5, True, (1, 2), numpy.arange(4), numpy.zeros((2, 3), numpy.float32), abs, math.sqrt)
NAMES: dict[str, Any] = {"math": math, "gather": ours.gather, "reschedule": ours.reschedule} | {
    name: scalar for name, scalar in dtypes.BY_NAME.items() if name != "bool"
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A function of a file: how it is found, its text as a coroutine, and names that it reads and does not bind."""

    place: str
    name: str
    text: str
    strangers: tuple[str, ...] = ()
    tamed: bool = False


class Escaped(AssertionError):
    """Something other than CompileError was raised, or it took too long."""


def library() -> list[Path]:
    """The files of the standard library, without its tests (they hold broken files on purpose)."""
    root = Path(sysconfig.get_path("stdlib"))
    skipped = {"test", "tests", "site-packages", "idle_test", "lib2to3", "__pycache__"}
    return sorted(path for path in root.rglob("*.py") if not skipped & set(path.relative_to(root).parts))


def samples(path: Path) -> Iterator[Sample]:
    """Every function of a file, methods and inner ones too: as it is, and tamed (`fuzz_tame`)."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            place = f"{path.name}:{node.lineno}"
            made = as_coroutine(node)
            yield Sample(place, node.name, ast.unparse(made) + "\n")
            tame, strangers = tamed(made)
            yield Sample(f"{place}, tamed", node.name, ast.unparse(tame) + "\n", tuple(sorted(strangers)), tamed=True)


def as_coroutine(node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
    """An undecorated `async def` without annotations; defaults that are not constants become 0."""
    given = node.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    for parameter in parameters:
        if parameter is not None:
            parameter.annotation = None
    given.defaults = [value if isinstance(value, ast.Constant) else ast.Constant(0) for value in given.defaults]
    given.kw_defaults = [
        value if value is None or isinstance(value, ast.Constant) else ast.Constant(0) for value in given.kw_defaults
    ]
    made = ast.AsyncFunctionDef(name=node.name, args=given, body=node.body, decorator_list=[], returns=None)
    return ast.fix_missing_locations(ast.copy_location(made, node))


def define(sample: Sample, path: Path, choose: random.Random) -> FunctionType | None:
    """The coroutine function, from a file of its own; None where Python itself refuses it as a coroutine."""
    path.write_text(sample.text)
    strangers = {name: STRANGERS[choose.randrange(len(STRANGERS))] for name in sample.strangers}
    space: dict[str, Any] = {"__name__": path.stem, **strangers, **NAMES}
    try:
        exec(compile(sample.text, str(path), "exec"), space)
    except SyntaxError:
        return None
    found: FunctionType = space[sample.name]
    return found


def examine(sample: Sample, path: Path, choose: random.Random, trials: int = 3) -> int:
    """How many lists of argument types it compiles for.

    Raises:
        Escaped: the compiler raised what it must not, or took too long.
    """
    function = define(sample, path, choose)
    if function is None:
        return 0
    code, accepted = function.__code__, 0
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    for trial in range(trials):
        types = [i64 if trial == 0 else TYPES[choose.randrange(len(TYPES))] for _ in names]
        started = time.perf_counter()
        accepted += is_accepted(sample, function, [Argument(n, t) for n, t in zip(names, types, strict=True)])
        if time.perf_counter() - started > LONGEST:
            raise Escaped(f"{sample.place}: more than {LONGEST} s for {types}\n{sample.text}")
    path.unlink()
    return accepted


def is_accepted(sample: Sample, function: FunctionType, arguments: list[Argument]) -> bool:
    try:
        compiler.compile_program(function, arguments, "cpu")
    except CompileError as error:
        str(error)
        return False
    except Exception:
        shown = ", ".join(f"{argument.name}: {argument.type!r}" for argument in arguments)
        raise Escaped(f"{sample.place} ({shown})\n{sample.text}\n{traceback.format_exc()}") from None
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--functions", type=int, help="a random sample of so many; else all")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # SyntaxWarnings of the samples
    choose = random.Random(given.seed)
    found = [sample for path in library() for sample in samples(path)]
    if given.functions:
        found = choose.sample(found, given.functions)
    accepted = escaped = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, sample in enumerate(found):
            try:
                accepted += examine(sample, Path(folder) / f"sample_{number}.py", choose) > 0
            except Escaped as error:
                escaped += 1
                print(error, flush=True)
    print(f"{len(found)} functions, {accepted} of them compiled for some types; {escaped} escaped")
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
