"""The arithmetic of the asyncio backend: types, weak operands, wrapping and what raises."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coro2cuda.frontend import dtypes
from coro2cuda.frontend.dtypes import f32, f64, i8, i16, i32, i64, u8, u32, u64
from coro2cuda.runtime import values

LEFT, RIGHT = 1, 2


@pytest.mark.parametrize(
    "op, left, right, weak, expected",
    [
        ("add", i32(2**31 - 1), 1, RIGHT, i32(-(2**31))),
        ("add", 2**63 - 1, 1, 0, -(2**63)),
        ("add", i32(1), i64(1), 0, 2),
        ("add", u8(200), i8(-1), 0, i16(199)),
        ("mul", f32(0.1), 3, RIGHT, f32(f32(0.1) * f32(3))),
        ("add", i32(1), 0.5, RIGHT, 1.5),
        ("add", f32(1), 0.5, RIGHT, f32(1.5)),
        ("add", f32(1), 0.5, 0, 1.5),
        ("add", True, True, 0, 2),
        ("and", True, False, 0, False),
        ("truediv", 7, 2, RIGHT, 3.5),
        ("truediv", i32(7), i32(2), 0, 3.5),
        ("truediv", f32(1), f32(3), 0, f32(1 / 3)),
        ("floordiv", i32(-(2**31)), i32(-1), 0, i32(-(2**31))),
        ("floordiv", -7, 2, RIGHT, -4),
        ("mod", i32(-7), 3, RIGHT, i32(2)),
        ("shl", i32(1), 40, RIGHT, i32(0)),
        ("shr", i32(-5), 40, RIGHT, i32(-1)),
        ("pow", i32(3), 30, RIGHT, i32(dtypes.i32.wrap(3**30))),
        ("sub", 1, u32(2), LEFT, u32(2**32 - 1)),
    ],
)
def test_operators(op: Any, left: Any, right: Any, weak: int, expected: Any) -> None:
    result = values.binary(op, left, right, weak)
    assert result == expected and type(result) is type(expected)


@pytest.mark.parametrize(
    "op, left, right, error",
    [
        ("truediv", 1.0, 0.0, ZeroDivisionError),
        ("floordiv", i32(1), i32(0), ZeroDivisionError),
        ("mod", f32(1), f32(0), ZeroDivisionError),
        ("shl", 1, -1, ValueError),
        ("pow", i32(2), i32(-1), ValueError),
        ("pow", -8.0, 1 / 3, ValueError),
        ("pow", 0.0, -1.0, ZeroDivisionError),
    ],
)
def test_operators_that_raise(op: Any, left: Any, right: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        values.binary(op, left, right)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1))
def test_signed_and_u64_compare_by_value(left: int, right: int) -> None:
    assert values.compare("lt", left, np.uint64(right)) == (left < right)
    assert values.compare("eq", np.uint64(right), left) == (left == right)


def test_a_weak_float_is_compared_as_f32() -> None:
    assert values.compare("eq", f32(0.1), 0.1, RIGHT) and not values.compare("eq", f32(0.1), 0.1)


@pytest.mark.parametrize(
    "function, arguments, weak, expected",
    [
        (int, (2.9,), 0, 2),
        (int, (u64(2**64 - 1),), 0, -1),
        (i8, (300,), 1, i8(44)),
        (f32, (1,), 1, f32(1)),
        (float, (f32(0.5),), 0, 0.5),
        (bool, (i32(2),), 0, True),
        (min, (f32(1), 2), RIGHT, f32(1)),
        (max, (i32(1), 2.5), RIGHT, 2.5),
        (min, (1.0, math.nan), 0, 1.0),
        (abs, (i32(-(2**31)),), 0, i32(-(2**31))),
        (round, (2.5,), 0, 2),
        (divmod, (i32(-7), 2), RIGHT, (i32(-4), i32(1))),
        (math.sqrt, (f32(2),), 0, f32(math.sqrt(2))),
        (math.sqrt, (4,), 1, 2.0),
        (math.floor, (f32(2.5),), 0, 2),
        (math.isnan, (math.nan,), 0, True),
    ],
)
def test_functions(function: Any, arguments: Any, weak: int, expected: Any) -> None:
    language = values.known(function)
    assert language is not None
    result = language(weak, *arguments)
    assert result == expected and type(result) is type(expected)


@pytest.mark.parametrize(
    "function, argument, error",
    [
        (int, math.nan, ValueError),
        (int, math.inf, OverflowError),
        (i32, 3e9, OverflowError),
        (round, 1e300, OverflowError),
    ],
)
def test_functions_that_raise(function: Any, argument: Any, error: type[Exception]) -> None:
    language = values.known(function)
    assert language is not None
    with pytest.raises(error):
        language(0, argument)


def test_ranges_have_the_type_of_their_bounds() -> None:
    language = values.known(range)
    assert language is not None
    assert [type(i) for i in language(1, 2)] == [int, int]
    assert [type(i) for i in language(LEFT, 0, i32(2))] == [np.int32, np.int32]


def test_elements_and_stores() -> None:
    assert type(values.load(np.zeros(1), 0)) is float and type(values.load(np.zeros(1, "f4"), 0)) is np.float32
    array = np.zeros(2, "u1")
    values.store(array, 1, 300)
    assert array.tolist() == [0, 44]


@pytest.mark.parametrize("type", dtypes.SCALARS)
def test_every_type_has_one_host_form(type: dtypes.Scalar) -> None:
    value = values.make(type, values.scalars.convert(1, type))
    assert values.type_of(value) == type
    assert isinstance(value, (bool, int, float)) == (type in (dtypes.boolean, i64, f64))


@pytest.mark.parametrize(
    "compute, error, message",
    [
        (lambda: values.binary("pow", 1e200, 2.0), OverflowError, "Numerical result out of range"),
        (lambda: values.binary("pow", f32(1e30), f32(2.0)), OverflowError, "Numerical result out of range"),
        (lambda: values.binary("pow", -8.0, 0.5), ValueError, "cannot be raised to a fractional power"),
        (lambda: values.binary("mod", 1.0, 0.0), ZeroDivisionError, "float modulo"),
        (lambda: values.binary("truediv", 1, 0), ZeroDivisionError, "^division by zero"),
        (lambda: values.binary("truediv", i32(1), False), ZeroDivisionError, "^division by zero"),
        (lambda: values.binary("truediv", 1, 0.0), ZeroDivisionError, "float division by zero"),
        (lambda: values.known(math.exp)(0, f32(100)), OverflowError, "math range error"),
        (lambda: values.known(math.floor)(0, 1e300), OverflowError, "float does not fit int"),
        (lambda: values.known(round)(0, 1e300), OverflowError, "float does not fit int"),
        (lambda: values.known(i32)(0, 3e9), OverflowError, "float does not fit i32"),
    ],
)
def test_what_is_too_large_raises_as_in_compiled_code(compute: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        compute()
