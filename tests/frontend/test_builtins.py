"""Our functions as plain Python: what they do under asyncio, on NumPy arrays."""

import asyncio
from typing import Any

import numpy
import pytest

from coro2cuda.frontend import builtins
from coro2cuda.frontend.builtins import (
    atomic_add,
    atomic_and,
    atomic_compare_and_swap,
    atomic_exchange,
    atomic_max,
    atomic_min,
    atomic_or,
    atomic_sub,
    atomic_xor,
    bit_cast,
    gather,
    reschedule,
)
from coro2cuda.frontend.dtypes import u32

CASES: dict[str, tuple[Any, int, tuple[int, ...], int]] = {
    "add": (atomic_add, 5, (3,), 8),
    "sub": (atomic_sub, 5, (7,), -2),
    "min": (atomic_min, 5, (3,), 3),
    "max": (atomic_max, 5, (3,), 5),
    "and": (atomic_and, 6, (3,), 2),
    "or": (atomic_or, 6, (3,), 7),
    "xor": (atomic_xor, 6, (3,), 5),
    "exchange": (atomic_exchange, 5, (3,), 3),
    "cas, equal": (atomic_compare_and_swap, 5, (5, 9), 9),
    "cas, different": (atomic_compare_and_swap, 5, (4, 9), 5),
    "add wraps": (atomic_add, 2**31 - 1, (1,), -(2**31)),
    "sub wraps": (atomic_sub, -(2**31), (1,), 2**31 - 1),
}


@pytest.mark.parametrize("case", CASES)
def test_atomic(case: str) -> None:
    function, before, operands, after = CASES[case]
    array = numpy.array([[1, before]], numpy.int32)
    old = function(array, (0, 1), *operands)
    assert (int(old), array.tolist()) == (before, [[1, after]])
    assert numpy.asarray(old).dtype == numpy.int32


def test_bit_cast() -> None:
    assert bit_cast(u32, numpy.float32(1)) == 0x3F800000
    assert bit_cast(numpy.float64, 0x3FF0000000000000) == 1.0
    with pytest.raises(TypeError, match="width"):
        bit_cast(u32, 1.0)


def test_old_floats() -> None:
    array = numpy.array([0.5], numpy.float32)
    assert atomic_add(array, -1, 0.25) == 0.5
    assert array[0] == 0.75


def test_unsigned_wraps() -> None:
    array = numpy.array([0], numpy.uint32)
    atomic_sub(array, 0, 1)
    assert array[0] == 2**32 - 1


def test_an_index_out_of_range() -> None:
    with pytest.raises(IndexError):
        atomic_add(numpy.zeros(2, numpy.int32), 2, 1)


def test_reschedule_lets_others_run() -> None:
    order = []

    async def task(name: str) -> None:
        for _ in range(2):
            order.append(name)
            await reschedule()

    async def both() -> None:
        await asyncio.gather(task("a"), task("b"))

    asyncio.run(both())
    assert order == ["a", "b", "a", "b"]


def test_gather_runs_side_by_side_and_gives_a_tuple() -> None:
    order = []

    async def task(name: str, turns: int) -> str:
        for _ in range(turns):
            order.append(name)
            await reschedule()
        return name * turns

    async def both() -> tuple[str, ...]:
        return await gather(task("a", 3), task("b", 1))

    assert asyncio.run(both()) == ("aaa", "b")
    assert order == ["a", "b", "a", "a"]


def test_all_are_known_to_the_compiler() -> None:
    marks = {getattr(function, "__coro2cuda_builtin__", None) for function, *_ in CASES.values()}
    assert marks == {f"atomic_{name}" for name in builtins.ATOMICS}
