"""The command `coro2cuda`: run, build, show, doctor.

Exit status: 0; 1 a program failed; 2 bad usage or bad input, said in one clear message on stderr; 130 Ctrl-C.
A script that `run` runs exits as it would under Python.
"""

from __future__ import annotations

import argparse
import ast
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.version import __version__

if TYPE_CHECKING:
    from coro2cuda.api import Coroutine, CoroutineFunction

BACKENDS = ("cuda", "cpu", "asyncio")
DEFAULT_TARGET = "sm_90"


class UsageError(Exception):
    """Bad usage or bad input; the message is for the user."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(argv)
    from coro2cuda.runtime.errors import Coro2cudaError
    from coro2cuda.signatures import SignatureError

    try:
        status: int = options.command(options)
    except (UsageError, SignatureError, CompileError, Coro2cudaError) as error:
        print(error if isinstance(error, CompileError) else f"coro2cuda: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="coro2cuda", description="Run and compile @gpu_async coroutines.")
    parser.add_argument("--version", action="version", version=f"coro2cuda {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_build(commands)
    _add_show(commands)
    doctor = commands.add_parser("doctor", help="say what was found on this machine and what to install")
    doctor.set_defaults(command=_doctor)
    return parser


def _add_run(commands: Any) -> None:
    run = commands.add_parser(
        "run",
        help="run a script, or one coroutine of a file",
        usage="coro2cuda run [--backend B] [--stats] FILE[:NAME] [ARGUMENT ...]",
        description="Run a script as `python FILE ARGUMENT ...` does, or coroutine NAME of FILE with literal "
        "arguments, and print its result. Options before FILE are coro2cuda's, all that follows FILE is the program's.",
    )
    run.add_argument("--backend", choices=BACKENDS, help="where coroutines run, unless the program says")
    run.add_argument("--stats", action="store_true", help="print what happened in each run, on stderr")
    run.add_argument("file", metavar="FILE[:NAME]")
    rest = run.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGUMENT")
    rest.required = False  # argparse would name it as missing along with FILE
    run.set_defaults(command=_run)


def _add_build(commands: Any) -> None:
    build = commands.add_parser(
        "build",
        help="compile coroutines to files that run without the compiler",
        description="Compile coroutine NAME of FILE, or all of FILE, to PTX (or an object file), a cubin if ptxas is "
        "found, and a JSON manifest. Parameters must be annotated. `coro2cuda.load(DIR)` runs the result.",
    )
    build.add_argument("file", metavar="FILE[:NAME]")
    build.add_argument("--target", default=DEFAULT_TARGET, help="cpu, sm_80, sm_89, sm_90, ... (%(default)s)")
    build.add_argument(
        "--each", action="append", default=[], metavar="PARAMETER", help="takes an array in `map`, an element for each "
        "task (default: the first parameter, if it is an integer, takes a range)",
    )  # fmt: skip
    build.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="written whole or not at all")
    build.set_defaults(command=_build)


def _add_show(commands: Any) -> None:
    from coro2cuda.show import FORMATS, STAGES

    show = commands.add_parser("show", help="print what a stage of the compiler makes of a coroutine")
    show.add_argument("file", metavar="FILE:NAME")
    show.add_argument("--stage", choices=STAGES, default="states", help="(%(default)s)")
    show.add_argument("--types", metavar="T,T,...", help="types of the parameters, such as `i32,f32[:]`")
    show.add_argument("--target", default=DEFAULT_TARGET, help="cpu, sm_80, sm_89, sm_90, ... (%(default)s)")
    show.add_argument("--format", choices=FORMATS, default="text", help="of the states (%(default)s)")
    show.set_defaults(command=_show)


# --- the commands ----------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    path, name = _split(options.file)
    with _environment(options):
        _check_backend(options.backend, name is not None)
        if name is None:
            _run_script(path, options.arguments)
            return 0
        return _run_coroutine(path, name, [_literal(text) for text in options.arguments])


def _build(options: argparse.Namespace) -> int:
    from coro2cuda import building

    path, name = _split(options.file)
    functions = [coroutine.__gpu_async__ for coroutine in _coroutines(path, name)]
    try:
        for written in building.build(functions, options.each, options.target, options.output):
            print(written)
    except building.BuildError as error:
        raise UsageError(str(error)) from None
    return 0


def _show(options: argparse.Namespace) -> int:
    from coro2cuda import show, signatures

    path, name = _split(options.file)
    if name is None:
        raise UsageError(f"which coroutine? coro2cuda show {options.file}:NAME")
    if options.format != "text" and options.stage != "states":
        raise UsageError(f"--format {options.format} is of --stage states")
    if options.stage == "ptx" and options.target == "cpu":
        raise UsageError("--stage ptx needs a GPU target, such as --target sm_90")
    (coroutine,) = _coroutines(path, name)
    function = coroutine.__gpu_async__
    types = None if options.types is None else signatures.parse_types(options.types)
    arguments = signatures.map_arguments(signatures.declared(function, types))
    stages = show.compile_stages(function, arguments, options.target)
    sys.stdout.write(show.show(stages, options.stage, options.format))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from coro2cuda import doctor

    return doctor.report()


# --- user files ------------------------------------------------------------------------------------------------------


def _split(text: str) -> tuple[Path, str | None]:
    """`FILE[:NAME]`; a colon in the name of a file that exists is part of it."""
    path, name = Path(text), None
    if not path.is_file() and ":" in text:
        head, _, tail = text.rpartition(":")
        path, name = Path(head), tail
    if not path.is_file():
        raise UsageError(f"there is no file {str(path)!r}")
    if name is not None and not name.isidentifier():
        raise UsageError(f"{name!r} is not the name of a coroutine")
    return path, name


def _check_backend(name: str | None, is_needed: bool) -> None:
    """Say before the program runs that it cannot run where it was told to; a script may not need the environment's."""
    from coro2cuda.runtime import backend

    if name is not None or is_needed:
        backend.choose(name)


def _run_script(path: Path, arguments: list[str]) -> None:
    """As `python FILE ARGUMENT ...`: the script is `__main__`, sees its own arguments and imports from its folder."""
    import runpy

    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    sys.excepthook = _Trimmed(str(path))
    runpy.run_path(str(path), run_name="__main__")


def _run_coroutine(path: Path, name: str, arguments: list[Any]) -> int:
    from coro2cuda.api import run

    (coroutine,) = _coroutines(path, name)
    call = _call(coroutine, arguments)
    print(run(call))
    return 0


def _call(coroutine: CoroutineFunction[Any], arguments: list[Any]) -> Coroutine[Any]:
    """The call with its arguments checked, so that what `run` raises is the task's own."""
    from coro2cuda.arguments import bind_run

    try:
        call = coroutine(*arguments)
    except TypeError as error:
        raise UsageError(str(error)) from None
    try:
        bind_run(coroutine.parameters, call.arguments)
    except (TypeError, OverflowError) as error:
        call.close()
        raise UsageError(f"{coroutine.__name__}: {error}") from None
    return call


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        known = "write a number, True, or a tuple such as '(1, 2.0)'"
        raise UsageError(f"argument {text!r} is not a Python literal: {known}") from None


def _coroutines(path: Path, name: str | None) -> list[CoroutineFunction[Any]]:
    """The coroutine of that name in a file, or all that the file defines."""
    from coro2cuda.api import CoroutineFunction

    module = _load(path)
    defined = {key: value for key, value in vars(module).items()
               if isinstance(value, CoroutineFunction) and value.__module__ == module.__name__}  # fmt: skip
    if name is None and not defined:
        raise UsageError(f"{path} defines no @gpu_async coroutine")
    if name is not None and not isinstance(vars(module).get(name), CoroutineFunction):
        known = f"; it has {', '.join(defined)}" if defined else ""
        raise UsageError(f"{path} has no @gpu_async coroutine {name!r}{known}")
    return list(defined.values()) if name is None else [vars(module)[name]]


def _load(path: Path) -> Any:
    """The module in a file, imported under its own name (not as `__main__`)."""
    from importlib.machinery import SourceFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    name = path.stem if path.stem not in sys.modules else f"{path.stem}@{path.resolve()}"
    spec = spec_from_loader(name, SourceFileLoader(name, str(path)))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))
    sys.excepthook = _Trimmed(str(path))
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        place = f"{path}:{error.lineno}" if error.lineno is not None else str(path)
        raise UsageError(f"{place}: {error.msg}") from None
    return module


class _Trimmed:
    """An excepthook that shows the user's own part of a traceback, as if Python itself had run the file."""

    def __init__(self, file: str) -> None:
        self.file, self.previous = file, sys.excepthook

    def __call__(self, kind: type[BaseException], error: BaseException, traceback: Any) -> None:
        from coro2cuda.runtime.errors import without_our_frames

        entry = traceback
        while entry is not None and entry.tb_frame.f_code.co_filename != self.file:
            entry = entry.tb_next
        unparsed = isinstance(error, SyntaxError) and entry is None
        shown = without_our_frames(error.with_traceback(entry if unparsed else entry or traceback))
        self.previous(kind, shown, shown.__traceback__)


@contextmanager
def _environment(options: argparse.Namespace) -> Iterator[None]:
    """The defaults that `--backend` and `--stats` give to every run of the program."""
    wanted = {"CORO2CUDA_BACKEND": options.backend, "CORO2CUDA_STATS": "1" if options.stats else None}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update({name: value for name, value in wanted.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
