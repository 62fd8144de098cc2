"""From bound arguments to a result: find or compile the program, run it, put the result together.

    bind ──▶ specialisation (memory ─▶ disk cache ─▶ compiler) ──▶ Loaded.run(Job) ──▶ values or arrays

A specialisation is a program for one signature on one backend. It is kept with its function and used again while all
names it depends on still stand for the same objects.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coro2cuda import arguments
from coro2cuda.arguments import Bound, Parameter
from coro2cuda.frontend.dtypes import Scalar, Tuple, Type
from coro2cuda.lowering.program import Argument, Program
from coro2cuda.runtime import backend as backends
from coro2cuda.runtime import cache, trials
from coro2cuda.runtime.dependencies import Dependencies, dependencies

if TYPE_CHECKING:
    from coro2cuda.api import CoroutineFunction
    from coro2cuda.runtime.backend import Loaded, Options, RunResult
    from coro2cuda.runtime.tracing import Statistics

OPTIONS = (
    "backend", "stats", "timeout", "grouping", "progress", "max_tasks", "warps", "warps_per_sm", "threads", "heap",
    "max_errors", "return_exceptions",
)  # fmt: skip

PRINT_STATISTICS = "CORO2CUDA_STATS"  # in the environment: print the statistics of every run on stderr

_compiling = threading.RLock()


@dataclass(frozen=True, slots=True)
class Specialisation:
    """A program ready to run, what it depends on, and the seconds it took to get it."""

    program: Program
    loaded: Loaded
    dependencies: Dependencies
    seconds: float


# --- programs --------------------------------------------------------------------------------------------------------


def specialise(
    function: CoroutineFunction[Any], bound: Bound, backend: backends.Backend, settings: Options
) -> Specialisation:
    """The program for these arguments on this backend: one made before, a cached one, or a new one."""
    target = backend.target_name()
    options = (settings.grouping, settings.return_exceptions, trials.current())
    key = (backend.name, target, bound.arguments, *options)
    made: dict[Any, Specialisation] = function.specialisations
    found = made.get(key)
    if found is not None and found.dependencies.hold():
        return found
    with _compiling:
        started = time.perf_counter()
        needs = dependencies(function.__gpu_async__)
        program = compiled(function.__gpu_async__, bound.arguments, target, needs, settings)
        loaded = backend.load(program)
        made[key] = Specialisation(program, loaded, needs, time.perf_counter() - started)
        return made[key]


def compiled(
    function: types.FunctionType, signature: tuple[Argument, ...], target: str, needs: Dependencies, settings: Options
) -> Program:
    """The program from the disk cache, or from the compiler and then into the cache."""
    key = None if needs.digest is None else cache.program_key(
        needs.digest, signature, target, settings.grouping, settings.return_exceptions
    )
    found = None if key is None else cache.load_program(key, needs)
    if found is not None:
        return found
    from coro2cuda.runtime import compiler

    program = compiler.compile_program(
        function, signature, target, settings.grouping, settings.return_exceptions
    )
    if key is not None:
        cache.store_program(key, program, needs)
    return program


def parameters_of(function: CoroutineFunction[Any]) -> tuple[Parameter, ...]:
    """The parameters with their declared types."""
    from coro2cuda.frontend.signatures import parameter_types

    declared = parameter_types(function.__gpu_async__)
    return tuple(Parameter(name, declared.get(name)) for name in function.signature.parameters)


# --- runs ------------------------------------------------------------------------------------------------------------


def run_one(function: CoroutineFunction[Any], values: list[Any], *, backend: str | None = None, **options: Any) -> Any:
    """One root task; its result, with statistics if they are asked for."""
    chosen, settings = backends.choose(backend), backends.Options(**options)
    bound = arguments.bind_run(function.parameters, values)
    if chosen == "asyncio":
        results, stats = _interpreted(function, bound, settings)
        return with_statistics(results[0], stats, settings)
    return _run_one(function, bound, chosen, settings, threading.Event())


def _run_one(
    function: CoroutineFunction[Any], bound: Bound, backend: str, settings: Options, cancelled: threading.Event
) -> Any:
    program, outcome = _run(function, bound, backend, settings, cancelled)
    return finish_one(program, outcome, settings)


def run_map(function: CoroutineFunction[Any], values: list[Any], *, backend: str | None = None, **options: Any) -> Any:
    """A root task for each element; arrays of results, with statistics if they are asked for."""
    chosen, settings = backends.choose(backend), backends.Options(**options)
    bound = arguments.bind_map(function.__name__, function.parameters, values)
    if chosen == "asyncio":
        return _interpreted_map(function, bound, settings)
    program, outcome = _run(function, bound, chosen, settings, threading.Event())
    return finish_map(program, outcome, settings, bound.roots)


def _run(
    function: CoroutineFunction[Any], bound: Bound, backend: str, settings: Options, cancelled: threading.Event
) -> tuple[Program, RunResult]:
    found = specialise(function, bound, backends.instance(backend), settings)
    values = (*found.program.captured_values, *bound.values)
    settings = replace(settings, stats=settings.stats or bool(os.environ.get(PRINT_STATISTICS)))
    job = backends.Job(values, bound.roots, settings, cancelled, found.seconds)
    return found.program, found.loaded.run(job)


async def start(function: CoroutineFunction[Any], values: list[Any]) -> Any:
    """What `await f(x)` does: inline under the asyncio backend, else in a worker thread of the event loop."""
    from coro2cuda.runtime import asyncio_backend

    chosen = backends.choose(None)
    bound = arguments.bind_run(function.parameters, values)
    if chosen == "asyncio":
        return await asyncio_backend.call(function.__gpu_async__, bound.element(0))
    return await _in_thread(function, bound, chosen)


async def _in_thread(function: CoroutineFunction[Any], bound: Bound, backend: str) -> Any:
    """Cancelling the awaiting task stops the run and waits for its end: arrays may be in use until then."""
    import asyncio  # whoever awaits has it; to import the package must not cost as much

    cancelled = threading.Event()
    loop = asyncio.get_running_loop()
    work = loop.run_in_executor(None, _run_one, function, bound, backend, backends.Options(), cancelled)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        cancelled.set()
        await asyncio.wait([work])
        if not work.cancelled():
            work.exception()
        raise


# --- the asyncio backend ---------------------------------------------------------------------------------------------


def _interpreted(function: CoroutineFunction[Any], bound: Bound, settings: Options) -> tuple[list[Any], Statistics]:
    from coro2cuda.runtime import asyncio_backend, tracing

    started = time.perf_counter()
    with tracing.progress_bar(function.__name__, bound.roots, settings.progress) as on_progress:
        results = asyncio_backend.run_all(
            function.__gpu_async__, bound.roots, bound.element, timeout=settings.timeout, on_progress=on_progress,
            return_exceptions=settings.return_exceptions,
        )
    return results, tracing.interpreted(function.__name__, bound.roots, time.perf_counter() - started)


def _interpreted_map(function: CoroutineFunction[Any], bound: Bound, settings: Options) -> Any:
    from coro2cuda.runtime import asyncio_backend

    results, stats = _interpreted(function, bound, settings)
    failed = {root: found for root, found in enumerate(results) if isinstance(found, BaseException)}
    type = None if results and not failed else _inferred_result(function, bound)
    if failed and type is not None:
        results = [asyncio_backend.zero(type) if root in failed else found for root, found in enumerate(results)]
    arrays = asyncio_backend.as_arrays(type, results)
    return with_statistics(with_exceptions(arrays, bound.roots, failed, settings), stats, settings)


def _inferred_result(function: CoroutineFunction[Any], bound: Bound) -> Type:
    """The type of results where there are none to look at."""
    from coro2cuda.frontend import infer

    typed = infer.infer_module(function.__gpu_async__, [argument.type for argument in bound.arguments])
    return typed.functions[typed.root].result


# --- results ---------------------------------------------------------------------------------------------------------


def finish_one(program: Program, outcome: RunResult, settings: Options) -> Any:
    """The result of the only root task, with statistics if they are asked for."""
    leaves = [to_python(array[0], array.dtype) for array in outcome.arrays]
    return with_statistics(assemble(program.result, iter(leaves)), outcome.statistics, settings)


def finish_map(program: Program, outcome: RunResult, settings: Options, roots: int) -> Any:
    """The arrays of results, with statistics if they are asked for."""
    arrays = assemble(program.result, iter(outcome.arrays))
    return with_statistics(with_exceptions(arrays, roots, outcome.errors or {}, settings), outcome.statistics, settings)


def with_exceptions(arrays: Any, roots: int, failed: dict[int, BaseException], settings: Options) -> Any:
    """With `return_exceptions=True`, the results and an array of objects: None, or the exception of the task."""
    if not settings.return_exceptions:
        return arrays
    import numpy

    exceptions = numpy.full(roots, None, object)
    for root, error in failed.items():
        exceptions[root] = error
    return arrays, exceptions


def with_statistics(result: Any, stats: Statistics | None, settings: Options) -> Any:
    """The result as the user asked for it: alone, or with the statistics."""
    if os.environ.get(PRINT_STATISTICS):
        print(stats, file=sys.stderr)
    return (result, stats) if settings.stats else result


def assemble(type: Type, leaves: Iterator[Any]) -> Any:
    """Leaves in order back to the shape of the result type: a value, nested tuples, or None."""
    match type:
        case Tuple():
            return tuple(assemble(element, leaves) for element in type.elements)
        case Scalar():
            return next(leaves)
        case _:
            return None


def to_python(value: Any, dtype: Any) -> Any:
    """An element as the language's host value: bool, int (64 bits) and float (64 bits) are Python's."""
    return value.item() if dtype.char in "?qld" and dtype.itemsize in (1, 8) else value
