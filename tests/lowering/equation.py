"""The correctness equation: CPython under asyncio = the coroutine's IR = its state machine, in any schedule.

A program is a coroutine and lists of arguments. It runs three ways, with the verifier after every pass, and must give
the same result, the same exception and the same arrays (`check`).
"""

from __future__ import annotations

import asyncio
import copy
import functools
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy
import pytest

from coro2cuda.frontend import dtypes, infer
from coro2cuda.frontend.dtypes import Scalar, Tuple, Type
from coro2cuda.frontend.tree import LANGUAGE_ERRORS
from coro2cuda.lowering import build, entry, interpret, interpret_states, ir, poll, split, verify
from coro2cuda.lowering.compile import PIPELINE
from coro2cuda.runtime.asyncio_backend import finish_tasks


def coroutine(function: Any) -> Any:
    """As `gpu_async` marks it, but left to CPython when it is called."""
    function.__gpu_async__ = function
    return function


class Programs(list[Any]):
    """Programs as pytest takes parameters: `@programs((1,), (2,))` adds a coroutine with two lists of arguments."""

    def __call__(self, *cases: tuple[Any, ...]) -> Callable[[Any], Any]:
        def add(function: Any) -> Any:
            self.extend(pytest.param(coroutine(function), case, id=f"{function.__name__}-{number}")
                        for number, case in enumerate(cases))  # fmt: skip
            return function

        return add


Outcome = tuple[Any, list[Any]]  # the result or the exception, and the arrays afterwards


def observed(run: Callable[..., Any], arguments: Sequence[Any], *how: Any) -> Outcome:
    mine = copy.deepcopy(list(arguments))
    try:
        result = comparable(run(mine, *how))
    except Exception as error:
        if run is not by_cpython and not hasattr(error, "site"):  # not the program's
            raise
        result = described(error)
    return result, [item.tolist() for item in mine if isinstance(item, numpy.ndarray)]


def described(error: BaseException) -> Any:
    """The type, for exceptions of the user also the arguments (messages of the language are its own), and the cause."""
    ours = type(error) in LANGUAGE_ERRORS
    arguments = () if ours else tuple(map(comparable, error.args))
    cause = None if error.__cause__ is None else described(error.__cause__)
    return type(error).__name__, arguments, cause


def comparable(value: Any) -> Any:
    """Types matter (True is not 1), NaN is NaN, and NumPy's scalars are Python's."""
    if isinstance(value, tuple):
        return tuple(map(comparable, value))
    value = value.item() if isinstance(value, numpy.generic) else value
    return (type(value).__name__, repr(value))


def by_cpython(arguments: list[Any], function: Any) -> Any:
    return asyncio.run(_to_the_end(function(*arguments)))


async def _to_the_end(program: Any) -> Any:
    """asyncio cancels the tasks that are left at the end; ours run to theirs."""
    result = await program
    await finish_tasks()
    return result


def types_of(function: Any, arguments: Sequence[Any]) -> tuple[Type, ...]:
    declared = [spec.type for spec in infer.signature(function)]
    return tuple(known or dtypes.of_value(argument) for known, argument in zip(declared, arguments, strict=True))


def lowered(function: Any, types: Sequence[Type]) -> tuple[ir.Module, list[Any]]:
    inferred = infer.infer_module(function, list(types))
    module = build.build(inferred)
    verify.verify_module(module)
    return module, inferred.captured


def by_interpreter(arguments: list[Any], function: Any) -> Any:
    module, captured = lowered(function, types_of(function, arguments))
    return interpret.run(module, module.root, arguments, captured)


@functools.lru_cache(maxsize=4)
def machine_of(function: Any, types: tuple[Type, ...]) -> tuple[split.StateMachine, list[Any], Type]:
    """The state machine, the arrays it captures, and the result type; made once for all schedules."""
    module, captured = lowered(function, types)
    result = module.functions[module.root].result
    entry.add_root(module, ["uniform"] * len(types), [dtypes.of_value(array) for array in captured])
    for step in PIPELINE:
        step(module)
        verify.verify_module(module)
    machine = split.split(module)
    for made in machine.functions.values():
        poll.guard_loops(made)
        verify.verify(made, machine.module)
    return machine, captured, result


def by_states(arguments: list[Any], function: Any, tasks: int = 1, seed: int = 0) -> Any:
    """Several tasks with the same arguments, resumed in random order; the results must be the same."""
    machine, captured, result = machine_of(function, types_of(function, arguments))
    places = [numpy.zeros(tasks, leaf.numpy()) for leaf in leaves(result)]
    choose = random.Random(seed)
    uniforms = [*captured, *arguments, *places]
    roots = [(task,) for task in range(tasks)]
    done = interpret_states.run_states(machine, roots, uniforms, lambda ready: choose.randrange(len(ready)))
    assert done.completed == tasks
    assert not done.objects.things, "an object outlives all that refer to it"
    found = [rebuilt(result, iter([place[task].item() for place in places])) for task in range(tasks)]
    assert all(comparable(item) == comparable(found[0]) for item in found)
    return found[0]


def leaves(type: Type) -> list[Scalar]:
    if isinstance(type, Tuple):
        return [leaf for element in type.elements for leaf in leaves(element)]
    return [type] if isinstance(type, Scalar) else []


def rebuilt(type: Type, values: Any) -> Any:
    if isinstance(type, Tuple):
        return tuple(rebuilt(element, values) for element in type.elements)
    return next(values) if isinstance(type, Scalar) else None


def check(function: Any, arguments: Sequence[Any], seeds: int = 2) -> None:
    """The equation, for as many schedules."""
    expected = observed(by_cpython, arguments, function)
    assert observed(by_interpreter, arguments, function) == expected
    tasks = 1 if any(isinstance(argument, numpy.ndarray) for argument in arguments) else 3
    for seed in range(seeds):
        assert observed(by_states, arguments, function, tasks, seed) == expected
