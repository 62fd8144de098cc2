"""Functions of `math` that the language itself supplies, against Python's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coro2cuda import gpu_async, i8, i16, i32, i64, reschedule, run


@gpu_async
async def whole(a: int, b: int) -> tuple[int, int]:
    return math.gcd(a, b), math.lcm(a, b)


@gpu_async
async def near(a: float, b: float) -> tuple[bool, bool]:
    return math.isclose(a, b), math.isclose(a, b, rel_tol=0.0, abs_tol=0.5)


@gpu_async
async def sized(a: i32) -> int:
    return math.gcd(a, 12)


@gpu_async
async def magnitudes(a: i8, b: i16, c: i32, d: i64) -> tuple[int, int, int, int]:
    await reschedule()
    a, b, c, d = abs(a), abs(b), abs(c), abs(d)
    return int(a), int(b), int(c), int(d)


@pytest.mark.parametrize("backend", ["cpu", "asyncio", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_the_least_integer_has_no_magnitude_of_its_type(backend: str):
    least = [np.iinfo(type).min for type in ("i1", "i2", "i4", "i8")]
    for values in least, [value + 1 for value in least], [5, -5, 0, 7]:
        seen = run(magnitudes(*values), backend=backend)
        assert list(seen) == [value if value in least else abs(value) for value in values]


@pytest.mark.parametrize("backend", ["cpu", "asyncio"])
def test_divisors_and_multiples(backend: str):
    for b in (0, 1, -4, 12, 2**40):
        divisors, multiples = whole.map(range(-30, 31), b, backend=backend)
        assert list(divisors) == [math.gcd(a, b) for a in range(-30, 31)]
        assert list(multiples) == [math.lcm(a, b) for a in range(-30, 31)]


@pytest.mark.parametrize("backend", ["cpu", "asyncio"])
def test_closeness(backend: str):
    values = np.array([0.0, 1.0, 1.0 + 1e-10, 1.4, 2.0, math.inf, -math.inf, math.nan])
    for b in (0.0, 1.0, math.inf, math.nan):
        relative, absolute = near.map(values, b, backend=backend)
        assert list(relative) == [math.isclose(a, b) for a in values]
        assert list(absolute) == [math.isclose(a, b, rel_tol=0.0, abs_tol=0.5) for a in values]


def test_a_narrow_integer_is_widened():
    assert list(sized.map(range(7), backend="cpu")) == [math.gcd(a, 12) for a in range(7)]
