"""What Python refuses at run time raises, with CPython's message; what cannot go wrong is not tested for."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest

from coro2cuda.frontend import infer
from coro2cuda.frontend.dtypes import Scalar, f32, f64, i8, i16, i32, i64, u8, u32, u64
from coro2cuda.lowering import build, interpret, ir, verify


async def floordiv(x, y):
    return x // y


async def mod(x, y):
    return x % y


async def truediv(x, y):
    return x / y


async def pair(x, y):
    return divmod(x, y)


async def shl(x, y):
    return x << y


async def shr(x, y):
    return x >> y


async def power(x, y):
    return x**y


def module(function: Any, *types: Scalar) -> ir.Module:
    made = build.build(infer.infer_module(function, types))
    verify.verify_module(made)
    return made


def value_of(function: Any, type: Scalar, *arguments: Any) -> Any:
    made = module(function, *[type] * len(arguments))
    return interpret.run(made, made.root, arguments)


def raised(function: Any, type: Scalar, *arguments: Any) -> str:
    """What it raises, as the last line of a traceback."""
    with pytest.raises((ArithmeticError, ValueError, LookupError)) as caught:
        value_of(function, type, *arguments)
    return f"{caught.type.__name__}: {caught.value}"


def branches(function: Any, *types: Scalar) -> int:
    """How many branches there are."""
    made = module(function, *types)
    return sum(isinstance(block.end, ir.Branch) for block in made.functions[made.root].blocks)


@pytest.mark.parametrize(
    "function, type, right, message",
    [
        (floordiv, i64, 0, "ZeroDivisionError: integer division or modulo by zero"),
        (floordiv, u8, 0, "ZeroDivisionError: integer division or modulo by zero"),
        (mod, u32, 0, "ZeroDivisionError: integer modulo by zero"),
        (truediv, i32, 0, "ZeroDivisionError: division by zero"),
        (pair, i64, 0, "ZeroDivisionError: integer division or modulo by zero"),
        (truediv, f64, 0.0, "ZeroDivisionError: float division by zero"),
        (truediv, f32, -0.0, "ZeroDivisionError: float division by zero"),
        (floordiv, f32, -0.0, "ZeroDivisionError: float floor division by zero"),
        (mod, f64, 0.0, "ZeroDivisionError: float modulo"),
        (pair, f64, 0.0, "ZeroDivisionError: float divmod()"),
        (shl, i32, -1, "ValueError: negative shift count"),
        (shr, i64, -3, "ValueError: negative shift count"),
        (power, i64, -1, "ValueError: integers to negative integer powers are not allowed"),
    ],
)
def test_operands_that_python_refuses_raise(function, type, right, message):
    assert raised(function, type, 1.0 if type.is_float else 1, right) == message


@pytest.mark.parametrize("type", [i8, i64, u8, u64, f32, f64], ids=repr)
def test_constants_that_are_fine_are_not_tested(type):
    async def integers(x):
        return (x // 3) % 5 + (x << 3) + (x >> 1) + x**2

    async def floats(x):
        return x / 2.0 + x // 0.5 - x % 3.0

    assert branches(floats if type.is_float else integers, type) == 0


def test_a_constant_that_is_not_fine_raises():
    async def divides(x):
        return x // 0

    assert raised(divides, i32, 1) == "ZeroDivisionError: integer division or modulo by zero"


def test_an_unsigned_shift_count_is_not_tested():
    assert branches(shl, u8, u8) == 0
    assert branches(shl, i8, i8) == 1


@pytest.mark.parametrize("type", [f32, f64], ids=repr)
@pytest.mark.parametrize(
    "base, exponent, message",
    [
        (0.0, -1.0, "ZeroDivisionError: 0.0 cannot be raised to a negative power"),
        (-8.0, 0.5, "ValueError: negative number cannot be raised to a fractional power"),
        (1e30, 20.0, "OverflowError: (34, 'Numerical result out of range')"),
    ],
)
def test_powers_of_floats_raise_as_pythons(type, base, exponent, message):
    assert raised(power, type, interpret.value_of(type.numpy().type(base)), exponent) == message


@pytest.mark.parametrize(
    "base, exponent", [(math.inf, 2.0), (math.nan, 1.0), (0.0, -math.inf), (-2.0, 3.0), (0.0, 0.0)]
)
def test_powers_that_are_infinite_or_nan_by_right(base, exponent):
    assert repr(value_of(power, f64, base, exponent)) == repr(base**exponent)


UNARY = {
    "acos": [2.0, -1.0, math.nan],
    "acosh": [0.5, 1.0, math.inf],
    "asin": [-1.5, 1.0],
    "atan": [math.inf, -math.inf],
    "atanh": [1.0, -1.0, 2.0, 0.5],
    "cosh": [1000.0, -1000.0, math.inf],
    "exp": [1000.0, -1000.0, math.inf, math.nan],
    "expm1": [1000.0, -math.inf],
    "gamma": [0.0, -2.0, 1000.0, math.inf, -math.inf, 5.0],
    "lgamma": [-1.0, 0.0, 3.0, 1e306],
    "log": [0.0, -1.0, math.inf, math.nan, -math.inf],
    "log10": [0.0, 1e-320],
    "log1p": [-1.0, -2.0, -0.5],
    "log2": [-1.0, 8.0],
    "sin": [math.inf, 1.0],
    "sinh": [-1000.0, 1000.0],
    "sqrt": [-1.0, -0.0, math.nan, math.inf],
    "tan": [-math.inf],
    "tanh": [1000.0, math.inf],
}


@pytest.mark.parametrize("name", UNARY)
def test_functions_raise_where_pythons_raise(name):
    function = getattr(math, name)

    async def call(x):
        return function(x)

    for argument in UNARY[name]:
        try:
            expected = repr(function(argument))
        except OverflowError:
            expected = "OverflowError: math range error"
        except ValueError:
            expected = "ValueError: math domain error"
        if "Error" in expected:
            assert raised(call, f64, argument) == expected, argument
        else:
            assert repr(value_of(call, f64, argument)) == expected, argument


@pytest.mark.parametrize(
    "x, y", [(1.0, 0.0), (math.inf, 2.0), (1.0, math.inf), (math.nan, 0.0), (7.5, -2.0), (0.0, -1.0)]
)
def test_functions_of_two_arguments_raise_where_pythons_raise(x, y):
    async def remainders(x, y):
        return math.fmod(x, y)

    async def powers(x, y):
        return math.pow(x, y)

    for function, python in ((remainders, math.fmod), (powers, math.pow)):
        try:
            expected = repr(python(x, y))
        except ValueError:
            assert raised(function, f64, x, y) == "ValueError: math domain error"
        else:
            assert repr(value_of(function, f64, x, y)) == expected


def test_functions_without_errors_are_not_tested():
    async def safe(x):
        return math.atan(x) + math.tanh(x) + math.fabs(x) + math.copysign(x, 2.0) + math.degrees(x)

    assert branches(safe, f64) == 0


INTEGERS = {"i8": i8, "i16": i16, "i32": i32, "i64": i64, "u8": u8, "u32": u32, "u64": u64}


@pytest.mark.parametrize("source", [f32, f64], ids=repr)
@pytest.mark.parametrize("target", INTEGERS.values(), ids=repr)
def test_a_float_made_an_integer_is_checked_at_both_ends(source, target):
    async def convert(x):
        return target(x)

    made = module(convert, source)
    float_type = source.numpy().type
    for edge in (target.low, target.high):
        near = float_type(edge)
        around = [near, *(numpy.nextafter(near, float_type(way)) for way in (-math.inf, math.inf))]
        around += [float_type(edge + step) for step in (0.5, -0.5, 1.0, -1.0)]
        for number in map(float, around):
            if target.low <= int(number) <= target.high:
                assert interpret.run(made, made.root, [number]) == int(number)
            else:
                with pytest.raises(OverflowError, match="float does not fit"):
                    interpret.run(made, made.root, [number])
    assert raised(convert, source, math.nan) == "ValueError: cannot convert float NaN to integer"
    assert raised(convert, source, -math.inf) == "OverflowError: cannot convert float infinity to integer"


def test_rounding_and_whole_numbers_are_checked():
    async def whole(x):
        return round(x) + math.floor(x) + math.ceil(x) + math.trunc(x)

    for number in (0.5, 1.5, 2.5, -0.5, -1.5, 3.49, 1e15 + 0.5):
        assert value_of(whole, f64, number) == sum(f(number) for f in (round, math.floor, math.ceil, math.trunc))
    assert raised(whole, f64, math.nan) == "ValueError: cannot convert float NaN to integer"
    assert raised(whole, f64, 1e19) == "OverflowError: float does not fit int"


def test_without_bounds_checks_indices_still_count_from_the_end():
    async def last(a, i):
        return a[i]

    last.__gpu_async_options__ = {"boundscheck": False}  # type: ignore[attr-defined]
    made = module(last, i64[:], i64)
    assert not any(isinstance(block.end, ir.Branch) for block in made.functions[made.root].blocks)
    assert interpret.run(made, made.root, [numpy.arange(4), -1]) == 3
