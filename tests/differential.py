"""One program on everything that can run it, against asyncio: results, arrays, and the type and line of an error.

    asyncio ─┬─ plain CPython            where a program has Python's own numbers only
             ├─ IR interpreter           ┐
             ├─ split state machines     ┘ `lowering/equation.py`, in random schedules
             └─ cpu, cuda                grouped and not, one thread and several

The oracle is the asyncio backend: CPython runs the source, with the language's arithmetic. Tests call `check_run`,
`check_map` and `check_lowering`.

A program without races has one result. Its errors are another matter where tasks run at the same time: the oracle
raises what comes first there, another schedule what comes first in that one. So where several tasks may fail, a run
must fail if and only if the oracle does; else the error, its line and all arrays must be the same.
"""

from __future__ import annotations

import copy
import functools
import gc
import logging
import os
import traceback
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import equation
import numpy

from coro2cuda import run
from coro2cuda.runtime import backend as backends
from coro2cuda.runtime import trials

TASK_ERRORS = (ArithmeticError, ValueError, LookupError, AssertionError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed: the result, or the error as (type, line); and the arrays afterwards."""

    result: Any
    error: tuple[str, int] | None
    arrays: tuple[Any, ...]


Run = Callable[[list[Any]], Any]


def outcome(how: Run, arguments: Sequence[Any], file: str) -> Outcome:
    """Run on copies of the arguments. An error that no line of the program raised goes on."""
    mine = copy.deepcopy(list(arguments))
    result, raised = None, None
    try:
        result = comparable(how(mine))
    except TASK_ERRORS as error:
        line = line_of(error, file)
        if line is None:
            raise
        raised = (type(error).__name__, line)
    return Outcome(result, raised, tuple(comparable(item) for item in mine if isinstance(item, numpy.ndarray)))


def line_of(error: BaseException, file: str) -> int | None:
    """The innermost line of the program's file that an error passed."""
    site = getattr(error, "site", None)  # an interpreter's
    if site is not None:
        return int(site.span.line)
    lines = [entry.lineno for entry in traceback.extract_tb(error.__traceback__) if entry.filename == file]
    return lines[-1] if lines else None


def comparable(value: Any) -> Any:
    """Equal where, and only where, the values are the same: NaN is NaN, -0.0 is not 0.0, True is not 1."""
    if isinstance(value, numpy.ndarray) and value.ndim:
        return (value.dtype.name, repr(value.tolist()))
    return tuple(map(comparable, value)) if isinstance(value, tuple) else equation.comparable(value)


# --- ways to run -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run a call that compiled backends take: keyword arguments of `run` and `map`, and with `shuffle` a seed
    of the order of ready tasks, with frames in wide pieces."""

    name: str
    options: dict[str, Any]
    shuffle: int = 0

    def __call__(self, call: Callable[..., Any]) -> Any:
        wide = os.environ.get(trials.WIDE_FRAMES) or ("1" if self.shuffle else "")
        ours = {trials.SHUFFLE: str(self.shuffle), trials.WIDE_FRAMES: wide}
        before = {name: os.environ.get(name, "") for name in ours}
        os.environ.update(ours)
        try:
            return call(**self.options)
        finally:
            os.environ.update(before)


def compiled_ways(seed: int, wanted: Collection[str] = backends.COMPILED) -> Iterator[Way]:
    """All backends that can run here. How the CPU is scheduled depends on the seed, for every way is a compilation: in
    one case of six without grouping, in one as users run it, else in a random order, and with frames in wide pieces as
    on CUDA."""
    if "cpu" in wanted and seed % 6 == 0:
        yield Way("cpu, not grouped", {"backend": "cpu", "threads": 2, "grouping": False})
    elif "cpu" in wanted:
        shuffle = 0 if seed % 6 == 1 else 1 + seed
        yield Way(f"cpu, shuffled {shuffle}", {"backend": "cpu", "threads": 1}, shuffle)
        yield Way(f"cpu, 3 threads, shuffled {shuffle}", {"backend": "cpu", "threads": 3}, shuffle)
    if "cuda" in wanted and missing("cuda") is None:
        # Few frames: several processes may share the GPU.
        yield Way("cuda", {"backend": "cuda", "max_tasks": FRAMES, "timeout": LONGEST})
        yield Way("cuda, two warps", {"backend": "cuda", "max_tasks": FRAMES, "timeout": LONGEST, "warps": 2})


def missing(backend: str) -> str | None:
    """Why a backend cannot run here, or None."""
    return backends.instance(backend).unavailable()


FRAMES = 1 << 16
LONGEST = 30.0  # seconds: a run that takes longer hangs


class Difference(AssertionError):
    """Two ways to run a program disagree."""


def check_map(
    function: Any, arguments: Sequence[Any], *, forks: bool = False, seed: int = 0,
    on: Collection[str] = backends.COMPILED,
) -> Outcome:  # fmt: skip
    """`function.map(...)` on every compiled backend against asyncio; the oracle's outcome.

    Args:
        function: decorated with `gpu_async`, in a file of its own.
        arguments: of `map`.
        forks: whether its tasks begin tasks.
        seed: of the schedules.
        on: the backends.
    """
    expected = oracle(lambda given: function.map(*given, backend="asyncio"), arguments, file_of(function))
    one = not forks and sum(len(item) for item in arguments if isinstance(item, range)) <= 1
    for way in compiled_ways(seed, on):
        def how(given: list[Any], way: Way = way) -> Any:
            return way(functools.partial(function.map, *given))

        compare(way.name, how, arguments, expected, function, one)
    return expected


def check_run(function: Any, arguments: Sequence[Any], *, forks: bool = False, seed: int = 0) -> Outcome:
    """`run(function(...))`, as `check_map`."""
    expected = oracle(lambda given: run(function(*given), backend="asyncio"), arguments, file_of(function))
    for way in compiled_ways(seed):
        def how(given: list[Any], way: Way = way) -> Any:
            return way(functools.partial(run, function(*given)))

        compare(way.name, how, arguments, expected, function, not forks)
    return expected


def check_lowering(
    function: Any, arguments: Sequence[Any], *, forks: bool = False, exact: bool = False, seeds: int = 2
) -> Outcome:
    """The IR and the state machine of a coroutine in several schedules, and with `exact` plain CPython too."""
    raw = function.__gpu_async__
    expected = oracle(lambda given: run(function(*given), backend="asyncio"), arguments, file_of(function))
    ways: list[tuple[str, Run]] = [("interpreter", lambda given: equation.by_interpreter(given, raw))]
    if exact:
        plain = oracle(lambda given: equation.by_cpython(given, undecorated(raw)), arguments, file_of(function))
        judge("CPython", plain, expected, function, not forks)
    for seed in range(seeds):
        ways.append((f"states, seed {seed}", lambda given, seed=seed: equation.by_states(given, raw, seed=seed)))
    for name, way in ways:
        compare(name, way, arguments, expected, function, not forks)
    return expected


def undecorated(function: FunctionType) -> FunctionType:
    """A copy to which the other functions of its module are plain Python too: decorated, they would be compiled."""
    space = dict(function.__globals__)
    for name, value in function.__globals__.items():
        known = getattr(value, "__gpu_async__", value)
        if isinstance(known, FunctionType) and known.__globals__ is function.__globals__:
            space[name] = FunctionType(known.__code__, space, name, known.__defaults__, known.__closure__)
    return FunctionType(function.__code__, space, function.__name__, function.__defaults__, function.__closure__)


def oracle(how: Run, arguments: Sequence[Any], file: str) -> Outcome:
    """What asyncio makes of it. A coroutine made before an argument of its neighbour failed is never awaited there, and
    asyncio's log gets the errors of tasks that fail after the first, when they are collected: now, not while CPython
    parses something, for the log's lines are parsed too, and the parser does not bear to be entered twice."""
    log = logging.getLogger("asyncio")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        log.disabled = True
        try:
            found = outcome(how, arguments, file)
            if found.error is not None:
                gc.collect()
            return found
        finally:
            log.disabled = False


def compare(name: str, how: Run, arguments: Sequence[Any], expected: Outcome, function: Any, same_error: bool) -> None:
    """Raise Difference unless a run shows what the oracle showed."""
    judge(name, outcome(how, arguments, file_of(function)), expected, function, same_error)


def judge(name: str, found: Outcome, expected: Outcome, function: Any, same_error: bool) -> None:
    """Raise Difference unless two outcomes are the same, or with several errors to choose from both are errors."""
    if expected.error is not None and not same_error:
        if found.error is None:
            raise Difference(f"{name} raises nothing, asyncio {expected.error}")
        return
    if found != expected:
        raise Difference(f"{name} differs from asyncio: {difference(found, expected)}\n{file_of(function)}")


def difference(found: Outcome, expected: Outcome) -> str:
    """What is not as it should be, in few words."""
    if (found.error, found.result) != (expected.error, expected.result):
        return f"{found.error or found.result!r:.300}, not {expected.error or expected.result!r:.300}"
    wrong = [f"{one!r:.300}, not {other!r:.300}"
             for one, other in zip(found.arrays, expected.arrays, strict=True) if one != other]  # fmt: skip
    return f"an array holds {wrong[0]}"


def file_of(function: Any) -> str:
    return str(function.__gpu_async__.__code__.co_filename)
