"""Functions of `math` written in the language itself: a call of `math.gcd` compiles the `gcd` below.

They are ordinary helpers. Under asyncio the user's call is Python's own function.
"""

from __future__ import annotations

import functools
import math
from types import FunctionType
from typing import Any


def gcd(a: int, b: int) -> int:
    """The greatest common divisor, not negative. Source: Euclid, Elements, book VII, proposition 2."""
    while b != 0:
        a, b = b, a % b
    return abs(a)


def lcm(a: int, b: int) -> int:
    """The least common multiple, not negative; 0 if one is 0."""
    if a == 0 or b == 0:
        return 0
    return abs(a // gcd(a, b) * b)


def isclose(a: float, b: float, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> bool:
    """Whether two floats differ by at most a share of the larger, or an absolute amount (PEP 485)."""
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    difference = abs(a - b)
    return difference <= abs(rel_tol * b) or difference <= abs(rel_tol * a) or difference <= abs_tol


@functools.cache
def _table() -> dict[int, FunctionType]:
    functions: tuple[Any, ...] = (gcd, lcm, isclose)
    return {id(getattr(math, function.__name__)): function for function in functions}


def stand_in(callee: Any) -> FunctionType | None:
    """The function to compile in the place of one of `math`'s, or None."""
    return _table().get(id(callee))
