"""Whole programs as users write them: on every backend, grouped and not, against CPython under asyncio."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import user_programs as programs
from ptx import ptx_of

from coro2cuda import each, i32, reschedule, run
from coro2cuda.arguments import bind_map, bind_run
from coro2cuda.lowering import target, toolkit
from coro2cuda.lowering.program import Argument
from coro2cuda.runtime import compiler

RANDOM = np.random.default_rng(0)
RAISED = (ZeroDivisionError, IndexError, AssertionError)
BACKENDS = [("cpu", True), ("cpu", False), pytest.param("cuda", True, marks=pytest.mark.gpu)]


def text(characters: str) -> np.ndarray[Any, Any]:
    return np.frombuffer(characters.encode(), np.uint8)


def ints(values: list[int]) -> np.ndarray[Any, Any]:
    return np.array(values, np.int32)


RUNS: list[tuple[Any, tuple[Any, ...], Any]] = [
    (programs.expression, (text("1 + 2*(3+4)*5 + ((7))"), 0), (78, 21)),
    (programs.expression, (text("1 + 2*(3+4"), 0), IndexError),
    (programs.expression, (text("1 + "), 0), AssertionError),
    (programs.newton, (9.0,), None),
    (programs.newton, (0.0,), ZeroDivisionError),
    (programs.fnv, (text("hello world"),), 0x779A65E7023CD2E7),
    (programs.fnv32, (text("hello world"),), 0xD58B3FA7),
    (programs.quicksort, (RANDOM.integers(-99, 99, 300).astype(np.int32),), None),
    (programs.quicksort, (RANDOM.integers(-99, 99, 300).astype(np.int32)[::-3],), None),
    (programs.quicksort, (np.zeros(0, np.int32),), 1),
    (programs.ackermann, (2, 3), 9),
    (programs.even, (11,), False),
    (programs.odd, (np.int8(11),), True),
    (programs.float_bits, (np.float32(1.5), 2.5, np.int32(-1)),
     (0x3FC00000, -0x40400000, 0x4004000000000000, np.nextafter(np.float32(1.5), np.float32(2)), 2.5, 0xFFFFFFFF)),
    (programs.numbered, (np.arange(10, dtype=np.int32), np.arange(6.0).reshape(2, 3)), None),
    (programs.numbered, (np.arange(5, dtype=np.int32), np.arange(6.0).reshape(2, 3)), None),
    (programs.awaits_in_order, (np.zeros(120, np.int64), np.arange(4)), None),
]
MAPS: list[tuple[Any, tuple[Any, ...]]] = [
    (programs.pi, (range(1, 50), 100, np.zeros(1, np.int64))),
    (programs.kmeans, (range(20), RANDOM.random((20, 4)), RANDOM.random((3, 4)), ints([0] * 20), ints([0] * 3))),
    (programs.bsearch, (each(np.array([-1, 0, 0.5, 7], np.float32)), np.sort(RANDOM.random(99).astype(np.float32)))),
    (programs.histogram, (each(RANDOM.standard_normal(99).astype(np.float32)), -2.0, 2.0, np.zeros(10, np.uint32))),
    (programs.bfs, (range(1), ints([0]), ints([0, 2, 4, 5, 6]), ints([1, 2, 0, 3, 3, 0]), ints([0, -1, -1, -1]), 1,
                    ints([0] * 4), ints([0]))),
    (programs.matmul, (range(12), RANDOM.random((3, 5)), RANDOM.random((5, 4)), np.zeros((3, 4)))),
    (programs.matmul, (range(12), RANDOM.random((3, 5))[::-1], RANDOM.random((4, 5)).T, np.zeros((6, 8))[::2, ::-2])),
]  # fmt: skip


def outcome(call: Callable[..., Any], arguments: tuple[Any, ...], **options: Any) -> tuple[Any, ...]:
    """What a call gives, or the type it raises, and the arrays after it."""
    own = copy.deepcopy(arguments)
    try:
        result = call(*own, **options)
    except RAISED as error:
        return (type(error),)
    return result, *(value for value in own if isinstance(value, np.ndarray))


def assert_equal(left: Any, right: Any, exact: bool) -> None:
    if isinstance(left, tuple):
        assert isinstance(right, tuple) and len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_equal(one, other, exact)
    elif isinstance(left, np.ndarray):
        np.testing.assert_allclose(left, right, rtol=0 if exact else 1e-5, strict=True)
    else:
        assert type(left) is type(right) and (left == right or (not exact and np.isclose(left, right)))


@pytest.mark.parametrize("backend, grouping", BACKENDS)
@pytest.mark.parametrize("function, arguments, expected", RUNS)
def test_runs(function: Any, arguments: Any, expected: Any, backend: str, grouping: bool) -> None:
    found, oracle = (
        outcome(lambda *given, **how: run(function(*given), **how), arguments, **options)
        for options in ({"backend": backend, "grouping": grouping}, {"backend": "asyncio"})
    )
    assert_equal(found, oracle, exact=backend == "cpu")
    assert expected is None or found[0] == expected


@pytest.mark.parametrize("backend, grouping", BACKENDS)
@pytest.mark.parametrize("function, arguments", MAPS)
def test_maps(function: Any, arguments: Any, backend: str, grouping: bool) -> None:
    found = outcome(function.map, arguments, backend=backend, grouping=grouping)
    assert_equal(found, outcome(function.map, arguments, backend="asyncio"), exact=backend == "cpu")


@pytest.mark.parametrize("backend, grouping", BACKENDS)
def test_a_step_of_many_bodies(backend: str, grouping: bool) -> None:
    """The C library's square root may round apart from Python's, so bodies agree to 32 bits' precision only."""
    places = RANDOM.standard_normal((8, 3)).astype(np.float32)
    arguments = (range(8), places, np.zeros_like(places), np.zeros_like(places), 0.01)
    found = outcome(programs.nbody.map, arguments, backend=backend, grouping=grouping)
    assert_equal(found, outcome(programs.nbody.map, arguments, backend="asyncio"), exact=False)


def test_sorting_sorts() -> None:
    values = RANDOM.integers(-99, 99, 500).astype(np.int32)
    wanted = np.sort(values)
    run(programs.quicksort(values), backend="cpu")
    assert values.tolist() == wanted.tolist()


@pytest.mark.skipif(toolkit.find_ptxas() is None, reason="ptxas is not installed")
@pytest.mark.parametrize("function, arguments", [*((function, given) for function, given, _ in RUNS[::3]), *MAPS])
def test_ptxas_takes_the_code(function: Any, arguments: Any) -> None:
    is_map = any(isinstance(value, (range, each)) for value in arguments)
    filled = list(function.signature.bind(*arguments).arguments.values())
    filled += [p.default for p in list(function.signature.parameters.values())[len(filled) :]]
    bound = bind_map("f", function.parameters, filled) if is_map else bind_run(function.parameters, filled)
    program = compiler.compile_program(function.__gpu_async__, bound.arguments, "sm_90")
    assembled = target.assemble(program.code.decode(), target.parse("sm_90"))
    assert assembled is not None and assembled.cubin


async def counts_its_turns(a: i32[:]) -> int:
    total = 0
    for i, x in enumerate(a, 5):
        await reschedule()
        total += i * x
    return total


async def counts_by_hand(a: i32[:]) -> int:
    total = 0
    count = 5
    for x in a:
        i = count
        count += 1
        await reschedule()
        total += i * x
    return total


def test_enumerate_costs_what_a_counter_does() -> None:
    a = Argument("a", i32[:], "uniform")
    assert ptx_of(counts_its_turns, a) == ptx_of(counts_by_hand, a)
