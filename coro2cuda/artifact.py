"""Built programs on disk: `coro2cuda build` saves them, `load` runs them without the compiler.

    DIR/program.json      the manifest (`lowering.program`)
    DIR/program.ptx       the code, program.o for the CPU
    DIR/program.cubin     the same assembled, where ptxas was found

A program's parameters have the modes it was built with: `uniform` ones take a value, `range` ones a range (or one
int), and `each` ones an array (or one value, the same for every task).
"""

from __future__ import annotations

import functools
import inspect
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from coro2cuda import arguments, execution
from coro2cuda.arguments import Bound, Parameter
from coro2cuda.frontend.dtypes import Array, Scalar
from coro2cuda.lowering.program import Argument, ManifestError, Program, from_manifest
from coro2cuda.runtime import backend as backends
from coro2cuda.runtime import cache, errors

MANIFEST = "program.json"


def code_name(program: Program) -> str:
    """The file name of the code."""
    return "program.o" if program.target == "cpu" else "program.ptx"


def save(program: Program, directory: Path) -> list[Path]:
    """Write a program into a directory that exists, the manifest last; the files written.

    Raises:
        ValueError: it reads arrays of this process, which a file cannot hold.
    """
    if program.captured:
        raise ValueError(
            f"{program.title} reads {len(program.captured)} array(s) of its module; a built program cannot: "
            "pass them as arguments"
        )
    files = {code_name(program): program.code}
    if program.cubin is not None:
        files["program.cubin"] = program.cubin
    files[MANIFEST] = json.dumps(program.to_manifest(), indent=1).encode()
    for name, content in files.items():
        cache.write_atomically(directory / name, content)
    return [directory / name for name in files]


def load(path: str | os.PathLike[str]) -> LoadedCoroutine:
    """The program in a directory; see `coro2cuda.load`."""
    place = Path(path)
    directory = place.parent if place.name == MANIFEST else place
    if not (directory / MANIFEST).is_file():
        several = sorted(found.parent.name for found in directory.glob(f"*/{MANIFEST}"))
        none = f" (no {MANIFEST}); `coro2cuda build` writes one"
        where = f"; it has one in each of {', '.join(several)}" if several else none
        raise FileNotFoundError(f"there is no built program in {str(directory)!r}{where}")
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
        target = manifest.get("target") if isinstance(manifest, dict) else None
        code = (directory / ("program.o" if target == "cpu" else "program.ptx")).read_bytes()
        cubin = directory / "program.cubin"
        program = from_manifest(manifest, code, cubin.read_bytes() if cubin.is_file() else None)
    except FileNotFoundError as error:
        raise errors.ArtifactError(f"{directory}: {os.path.basename(error.filename)} is missing") from None
    except ValueError as error:
        kind = "" if isinstance(error, ManifestError) else f"{MANIFEST} is not JSON: "
        raise errors.ArtifactError(f"{directory}: {kind}{error}") from None
    if program.captured:
        raise errors.ArtifactError(f"{directory}: {program.title} needs arrays of the process that built it")
    return LoadedCoroutine(program)


class LoadedCoroutine:
    """A built coroutine. `run(...)` or a call runs one root task, `map(...)` one for each element.

    Attributes:
        program: what was loaded.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._parameters = [Parameter(argument.name, argument.type) for argument in program.arguments]
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.signature = inspect.Signature([inspect.Parameter(a.name, kind) for a in program.arguments])

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run one root task and return its result. Keywords of `coro2cuda.run` are taken too."""
        values, options = self._split(args, kwargs)
        bound = self._fitted(arguments.bind_run(self._parameters, values))
        return execution.finish_one(self.program, self._execute(bound, options), options)

    __call__ = run

    def map(self, *args: Any, **kwargs: Any) -> Any:
        """Run one root task for each element and return the results as arrays; see `CoroutineFunction.map`."""
        values, options = self._split(args, kwargs)
        bound = self._fitted(arguments.bind_map(self.program.title, self._parameters, values))
        return execution.finish_map(self.program, self._execute(bound, options), options, bound.roots)

    def _split(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], backends.Options]:
        given = {name: kwargs.pop(name) for name in execution.OPTIONS if name in kwargs}
        wanted = given.pop("backend", None)
        if wanted is not None and wanted != self._backend:
            raise ValueError(
                f"{self.program.title} was built for {self.program.target}: backend={wanted!r} cannot run it"
            )
        values = arguments.bind_names(self.program.title, self.signature, args, kwargs)
        return values, backends.Options(**given)

    @property
    def _backend(self) -> str:
        return "cpu" if self.program.target == "cpu" else "cuda"

    def _execute(self, bound: Bound, options: backends.Options) -> backends.RunResult:
        if options.return_exceptions:
            raise ValueError(f"{self.program.title} was built to stop at the first exception; map the coroutine itself")
        wanted = "grouped" if options.grouping else "ungrouped"
        if wanted not in self.program.entries:
            raise ValueError(
                f"{self.program.title} was built without its {wanted} entry; pass grouping={not options.grouping}"
            )
        return self._loaded.run(backends.Job(bound.values, bound.roots, options))

    @functools.cached_property
    def _loaded(self) -> backends.Loaded:
        return backends.select(self._backend).load(self.program)

    def _fitted(self, bound: Bound) -> Bound:
        """The values in the modes the program was built with."""
        pairs = zip(self.program.arguments, bound.arguments, bound.values, strict=True)
        values = tuple(_fit(wanted, given, value, bound.roots) for wanted, given, value in pairs)
        return replace(bound, arguments=self.program.arguments, values=values)


def _fit(wanted: Argument, given: Argument, value: Any, roots: int) -> Any:
    """A value given in one mode as the mode the program has."""
    match wanted.mode, given.mode:
        case "uniform", "uniform":
            _check_array(wanted, given)
            return value
        case ("range", "range") | ("each", "each"):
            return value
        case "range", "uniform":
            return value, type(value)(0)
        case "each", "uniform":
            import numpy

            assert isinstance(wanted.type, Scalar)
            return numpy.broadcast_to(numpy.asarray(value, wanted.type.numpy()), (roots,))
        case "each", "range":
            import numpy

            assert isinstance(wanted.type, Scalar)
            start, step = (int(number) for number in value)
            return (start + step * numpy.arange(roots)).astype(wanted.type.numpy())
        case _:
            how = {"uniform": "one value for all tasks", "range": "a range", "each": "an array"}
            raise TypeError(f"argument {wanted.name!r}: the program was built for {how[wanted.mode]} there")


def _check_array(wanted: Argument, given: Argument) -> None:
    if not isinstance(wanted.type, Array) or not isinstance(given.type, Array):
        return
    if wanted.type.contiguous and not given.type.contiguous:
        raise TypeError(f"argument {wanted.name!r}: the program was built for C-contiguous arrays; pass array.copy()")
    if wanted.type.writable and not given.type.writable:
        raise TypeError(
            f"argument {wanted.name!r}: the array is read-only, and the program was built for one it may write to"
        )
