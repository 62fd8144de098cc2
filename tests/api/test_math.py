"""Functions of `math` that the language itself supplies, against Python's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coro2cuda import gpu_async, i32


@gpu_async
async def whole(a: int, b: int) -> tuple[int, int]:
    return math.gcd(a, b), math.lcm(a, b)


@gpu_async
async def near(a: float, b: float) -> tuple[bool, bool]:
    return math.isclose(a, b), math.isclose(a, b, rel_tol=0.0, abs_tol=0.5)


@gpu_async
async def sized(a: i32) -> int:
    return math.gcd(a, 12)


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
