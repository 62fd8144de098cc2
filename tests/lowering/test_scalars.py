"""Scalar semantics: against CPython, against NumPy, and against what hardware does where Python has no answer."""

from __future__ import annotations

import math
import operator
import random

import numpy
import pytest

from coro2cuda.frontend.dtypes import BY_NAME, SCALARS, boolean, f32, f64, i8, i32, i64, u8, u64
from coro2cuda.lowering import scalars

INTEGERS = [scalar for scalar in SCALARS if scalar.is_integer]
INTERESTING = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.5, -3.75, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan]


def same(left: float, right: float) -> bool:
    """Equal as bits are, but for the NaNs."""
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    return left == right and math.copysign(1, left) == math.copysign(1, right)


@pytest.mark.parametrize("type", [i8, u8], ids=repr)
@pytest.mark.parametrize("op", ["add", "sub", "mul", "floordiv", "mod", "and", "or", "xor"])
def test_narrow_integers_wrap_for_all_operands(type, op):
    python = {"and": operator.and_, "or": operator.or_}.get(op) or getattr(operator, op)
    for left in range(type.low, type.high + 1):
        for right in range(type.low, type.high + 1, 3):
            if right or op not in ("floordiv", "mod"):
                assert scalars.binary(op, type, left, right) == type.wrap(python(left, right))


def test_the_quotient_of_the_least_integer_and_minus_one_wraps():
    assert scalars.binary("floordiv", i64, i64.low, -1) == i64.low
    assert scalars.binary("mod", i64, i64.low, -1) == 0


@pytest.mark.parametrize("type", INTEGERS, ids=repr)
def test_shifts_by_the_width_or_more(type):
    assert scalars.binary("shl", type, 1, type.bits) == 0
    assert scalars.binary("shl", type, 1, type.bits - 1) == type.wrap(1 << (type.bits - 1))
    assert scalars.binary("shr", type, type.high, type.bits) == 0
    if type.kind == "int":
        assert scalars.binary("shr", type, -5, type.high) == -1


def test_integer_powers_wrap():
    assert scalars.binary("pow", i32, 3, 40) == i32.wrap(3**40)
    assert scalars.binary("pow", u64, 7, 0) == 1


@pytest.mark.parametrize("op", ["floordiv", "mod"])
def test_float_division_is_cpythons_to_the_bit(op):
    generator = random.Random(5)
    numbers = [*INTERESTING, *(generator.uniform(-9, 9) for _ in range(30))]
    for left in numbers:
        for right in numbers:
            if right != 0:
                assert same(scalars.binary(op, f64, left, right), getattr(operator, op)(left, right)), (left, right)


def test_single_precision_is_rounded_after_every_operation():
    generator = random.Random(6)
    with numpy.errstate(all="ignore"):
        for _ in range(300):
            left, right = (numpy.float32(generator.uniform(-1e3, 1e3)) for _ in range(2))
            for op in ("add", "sub", "mul", "truediv"):
                expected = float(getattr(operator, op)(left, right))
                assert same(scalars.binary(op, f32, float(left), float(right)), expected)


def test_a_float_divided_by_zero_is_what_hardware_makes_of_it():
    assert scalars.binary("truediv", f64, 1.0, 0.0) == math.inf
    assert scalars.binary("truediv", f64, 1.0, -0.0) == -math.inf
    assert math.isnan(scalars.binary("truediv", f64, 0.0, 0.0))


@pytest.mark.parametrize("target", INTEGERS, ids=repr)
def test_floats_made_integers_truncate_and_saturate(target):
    assert scalars.convert(math.nan, target) == 0
    assert scalars.convert(math.inf, target) == target.high
    assert scalars.convert(-math.inf, target) == target.low
    assert scalars.convert(-1e30, target) == target.low
    assert scalars.convert(100.99, target) == 100
    assert scalars.convert(-0.99, target) == 0


def test_integers_made_single_precision_round_once():
    # Through f64, 2**60 + 2**36 + 1 would lose its last bit and then tie to even.
    for value in (2**60 + 2**36 + 1, -(2**60 + 2**36 + 1), 2**24 + 1, 2**63 - 1, 16777219):
        assert scalars.convert(value, f32) == float(numpy.int64(value).astype(numpy.float32)), value


def test_anything_made_bool_is_whether_it_is_not_zero():
    assert [scalars.convert(value, boolean) for value in (0, 2, 0.0, -0.0, math.nan, 0.5)] == [
        False, True, False, False, True, True,
    ]  # fmt: skip


def test_integers_wrap_when_converted():
    assert scalars.convert(300, u8) == 44
    assert scalars.convert(-1, u64) == 2**64 - 1
    assert scalars.convert(True, i8) == 1


def test_comparisons_are_by_value_across_signedness_and_nan_is_unordered():
    assert scalars.compare("lt", -1, 2**64 - 1)
    assert not scalars.compare("le", math.nan, math.nan)
    assert scalars.compare("ne", math.nan, math.nan)


@pytest.mark.parametrize(
    "name, arguments, expected",
    [
        ("log", (0.0,), -math.inf),
        ("log", (-1.0,), math.nan),
        ("log1p", (-1.0,), -math.inf),
        ("sqrt", (-1.0,), math.nan),
        ("exp", (1000.0,), math.inf),
        ("sinh", (-1000.0,), -math.inf),
        ("atanh", (-1.0,), -math.inf),
        ("gamma", (-0.0,), -math.inf),
        ("gamma", (-1.0,), math.nan),
        ("lgamma", (-1.0,), math.inf),
        ("pow", (0.0, -1.0), math.inf),
        ("pow", (-0.0, -1.0), -math.inf),
        ("pow", (-0.0, -2.0), math.inf),
        ("pow", (-8.0, 0.5), math.nan),
        ("pow", (-1e300, 3.0), -math.inf),
        ("fmod", (1.0, 0.0), math.nan),
        ("floor", (-0.0,), -0.0),
        ("ceil", (-0.5,), -0.0),
        ("rint", (2.5,), 2.0),
        ("rint", (-0.5,), -0.0),
        ("trunc", (math.inf,), math.inf),
        ("sin", (math.inf,), math.nan),
    ],
)
def test_functions_are_cs_outside_their_domain(name, arguments, expected):
    assert same(scalars.intrinsic(f"math.{name}", f64, arguments), expected)


def test_min_keeps_the_first_unless_a_later_one_is_less():
    assert math.isnan(scalars.intrinsic("min", f64, (math.nan, 1.0)))
    assert scalars.intrinsic("min", f64, (1.0, math.nan)) == 1.0
    assert same(scalars.intrinsic("max", f64, (0.0, -0.0)), 0.0)


def test_the_absolute_value_of_the_least_integer_wraps():
    for name in ("i8", "i64"):
        assert scalars.intrinsic("abs", BY_NAME[name], (BY_NAME[name].low,)) == BY_NAME[name].low
