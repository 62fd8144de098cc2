"""Atomics on arrays: the same whether somebody reads the old value or not, on all types and backends."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from coro2cuda import (
    atomic_add,
    atomic_and,
    atomic_max,
    atomic_min,
    atomic_or,
    atomic_sub,
    atomic_xor,
    gpu_async,
    reschedule,
)
from coro2cuda.frontend.dtypes import BY_NAME, i64
from coro2cuda.lowering.program import Argument
from coro2cuda.runtime import compiler

RUNS = [
    pytest.param({"backend": "asyncio"}, id="asyncio"),
    pytest.param({"backend": "cpu", "threads": 2}, id="cpu"),
    pytest.param({"backend": "cuda"}, id="cuda", marks=pytest.mark.gpu),
]
TYPES = ("int32", "uint32", "int64", "uint64", "float32", "float64")
TASKS = 300


@gpu_async
async def unread(i: int, a, values) -> int:  # type: ignore[no-untyped-def]
    for value in values:
        atomic_add(a, 0, value)
        atomic_sub(a, 1, value)
        atomic_min(a, 2, value)
        atomic_max(a, 3, value)
        await reschedule()
    return i


@gpu_async
async def read(i: int, a, values) -> int:  # type: ignore[no-untyped-def]
    ordered = 0
    for value in values:
        await reschedule()
        ordered += int(atomic_add(a, 0, value) <= atomic_add(a, 4, value) + TASKS * value)
        ordered += int(atomic_sub(a, 1, value) >= 0)
        ordered += int(atomic_min(a, 2, value) <= 1000)
        ordered += int(atomic_max(a, 3, value) >= 0)
    return ordered


@gpu_async
async def bits(i: int, a, mask) -> int:  # type: ignore[no-untyped-def]
    atomic_and(a, 0, ~mask[i % 7])
    atomic_or(a, 1, mask[i % 19])
    atomic_xor(a, 2, mask[i % 11])
    await reschedule()
    return i + int(atomic_or(a, 1, mask[i % 3])) * 0


@pytest.mark.parametrize("how", RUNS)
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("function", [unread, read])
def test_arithmetic(function: Any, type: str, how: dict[str, Any]) -> None:
    values = np.arange(3, 8).astype(type)
    start = 100_000  # all sums are exact in a float32
    a = np.array([start, start, 1000, 1, start], type)
    found = function.map(np.arange(TASKS), a, values, **how)
    total = TASKS * int(values.sum())
    expected = [start + total, start - total, 3, 7]
    assert a[:4].tolist() == expected
    assert (found == (np.arange(TASKS) if function is unread else 4 * len(values))).all()


@pytest.mark.parametrize("how", RUNS)
@pytest.mark.parametrize("type", TYPES[:4])
def test_bits(type: str, how: dict[str, Any]) -> None:
    mask = (1 << np.arange(19)).astype(type)
    a = np.zeros(3, type)
    a[0] = ~a[0]
    bits.map(np.arange(TASKS), a, mask, **how)
    flips = [len(range(place, TASKS, 11)) % 2 for place in range(11)]
    assert a[0] == np.bitwise_not(np.array(0b1111111, type))
    assert a[1:].tolist() == [(1 << 19) - 1, sum(flip << place for place, flip in enumerate(flips))]


@pytest.mark.parametrize(("function", "wanted"), [(unread, 8), (read, 0)])
def test_who_reads_no_old_value_waits_for_none(function: Any, wanted: int) -> None:
    """In PTX such atomics are reductions (in the function that begins a task, and in that which resumes it)."""
    element = BY_NAME["u32"]
    arguments = [
        Argument("i", i64, "range"), Argument("a", element[:], "uniform"), Argument("values", element[:], "uniform")
    ]  # fmt: skip
    text = compiler.compile_program(function.__gpu_async__, arguments, "sm_90").code.decode()
    assert len(re.findall(r"red\.relaxed\.gpu\.global\.(?:add|min|max)\.u32", text)) >= wanted
    assert bool(re.search(r"atom\S*\.(?:min|max)\.u32", text)) == (wanted == 0)
