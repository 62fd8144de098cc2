"""`coro2cuda build`: compile coroutines ahead of time into a directory that is written whole or not at all.

    DIR/             one coroutine: the files of `artifact`
    DIR/NAME/        several: a directory for each

Everything is compiled first and written into a new directory beside DIR, which then takes DIR's name. A directory with
anything in it that no build wrote is left alone.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FunctionType

from coro2cuda import artifact, signatures
from coro2cuda.lowering.program import Argument, Program

FILES = {artifact.MANIFEST, "program.ptx", "program.o", "program.cubin"}


class BuildError(ValueError):
    """Nothing was written; the message is for the user."""


def build(functions: Sequence[FunctionType], each: Sequence[str], target: str, output: Path) -> list[Path]:
    """Compile for a target and write; the files written.

    Args:
        functions: undecorated, with annotated parameters.
        each: the parameters that differ by task; if none is named, the first one does if it is an integer.
        target: "cpu", or a GPU architecture.
        output: the directory.

    Raises:
        BuildError: the directory holds other things, or cannot be written.
        SignatureError: a parameter has no type.
        CompileError: a program is refused.
    """
    _check_place(output)
    signed = [(function, _arguments(function, each)) for function in functions]
    programs = [compile_ahead(function, arguments, target) for function, arguments in signed]
    names = [""] if len(programs) == 1 else [function.__name__ for function in functions]
    try:
        with _replaced(output) as folder:
            named = zip(names, programs, strict=True)
            written = [path for name, program in named for path in _save(program, folder / name)]
    except OSError as error:
        raise BuildError(f"{output} cannot be written: {error.strerror}") from None
    return [output / path.relative_to(folder) for path in written]


def compile_ahead(function: FunctionType, arguments: tuple[Argument, ...], target: str) -> Program:
    """Compile, and assemble where ptxas is found."""
    from coro2cuda.lowering import assembler
    from coro2cuda.runtime import compiler

    program = compiler.compile_program(function, arguments, target)
    assembly = None if target == "cpu" else assembler.assemble(program.code.decode(), target)
    if assembly is None:
        return program
    kernel = program.entries.get("grouped") or program.entries["ungrouped"]
    return replace(program, cubin=assembly.cubin, report=assembly.reports.get(kernel))


def _arguments(function: FunctionType, each: Sequence[str]) -> tuple[Argument, ...]:
    types = signatures.declared(function)
    if not each:
        return signatures.map_arguments(types)
    if unknown := [name for name in each if name not in types]:
        raise BuildError(f"{function.__name__} has no parameter {unknown[0]!r}; it has {', '.join(types)}")
    return signatures.each_arguments(types, each)


def _save(program: Program, folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    try:
        written = artifact.save(program, folder)
    except ValueError as error:
        raise BuildError(str(error)) from None
    for path in written:
        # Made private, as files of the cache are; they get the mode that the umask gave their directory.
        path.chmod(folder.stat().st_mode & 0o666)
    return written


def _check_place(output: Path) -> None:
    if output.exists() and not output.is_dir():
        raise BuildError(f"{output} is a file; -o takes a directory")
    for path in sorted(output.rglob("*")) if output.is_dir() else ():
        if path.is_file() and path.name not in FILES:
            other = path.relative_to(output)
            raise BuildError(f"{output} holds {other}, which no build wrote; choose another directory")


@contextmanager
def _replaced(output: Path) -> Iterator[Path]:
    """A new directory beside `output` that takes its place at the end, or is removed if that is not reached."""
    parent = output.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=parent) as folder:
        made, old = Path(folder) / "new", Path(folder) / "old"
        made.mkdir()
        yield made
        if output.exists():
            os.rename(output, old)
        os.rename(made, output)

