"""What every scalar operation means, on Python's bool, int and float, given the static type.

The one definition that the interpreter runs, constant folding uses and the code generators are tested against.
Operations are total where hardware is (a float divided by zero is an infinity, as in IEEE 754): where Python raises,
the builder has put a test and a `Raise` before or after the operation.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from coro2cuda.frontend.dtypes import Scalar
from coro2cuda.frontend.tree import BinaryOp, CompareOp, UnaryOp

Value = bool | int | float


def rounded(type: Scalar, value: float) -> float:
    """The float as a value of the type: to nearest, ties to even."""
    return type.round(value)


def unary(op: UnaryOp, type: Scalar, value: Any) -> Value:
    match op:
        case "not":
            return not value
        case "neg":
            return -float(value) if type.is_float else type.wrap(-value)
        case "invert":
            return not value if type.kind == "bool" else type.wrap(~value)


def binary(op: BinaryOp, type: Scalar, left: Any, right: Any) -> Value:
    """Both operands have the type. An integer's divisor is not zero, its shift count and exponent not negative."""
    if type.is_float:
        return _float_binary(op, type, left, right)
    if type.kind == "bool":
        return bool(_INTEGER[op](int(left), int(right)) & 1)
    if op == "shl":
        return type.wrap(left << right) if right < type.bits else 0
    if op == "shr":
        return int(left >> min(right, type.bits))
    if op == "pow":
        return type.wrap(pow(left, right, 1 << type.bits))
    return type.wrap(_INTEGER[op](left, right))


_INTEGER: dict[BinaryOp, Callable[[int, int], int]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
}


def _float_binary(op: BinaryOp, type: Scalar, left: float, right: float) -> float:
    match op:
        case "add":
            return rounded(type, left + right)
        case "sub":
            return rounded(type, left - right)
        case "mul":
            return rounded(type, left * right)
        case "truediv":
            return rounded(type, _quotient(left, right))
        case "mod":
            return _modulo(type, left, right)
        case "floordiv":
            return _floor_quotient(type, left, right)
        case "pow":
            return rounded(type, _ieee("pow", math.pow, left, right))
        case _:
            raise ValueError(f"{op} of floats")


def _quotient(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _modulo(type: Scalar, left: float, right: float) -> float:
    """CPython's float `%`: C's fmod moved to the sign of the divisor."""
    remainder = _ieee("fmod", math.fmod, left, right)
    if remainder == 0:
        return math.copysign(0.0, right)
    return rounded(type, remainder + right) if (remainder < 0) != (right < 0) else remainder


def _floor_quotient(type: Scalar, left: float, right: float) -> float:
    """CPython's float `//`, each step rounded to the type."""
    remainder = _ieee("fmod", math.fmod, left, right)
    quotient = rounded(type, _quotient(rounded(type, left - remainder), right))
    if remainder != 0 and (remainder < 0) != (right < 0):
        quotient = rounded(type, quotient - 1.0)
    if quotient == 0 or math.isnan(quotient):
        return math.copysign(0.0, _quotient(left, right)) if quotient == 0 else quotient
    floored = _whole(math.floor, quotient)
    return rounded(type, floored + 1.0) if quotient - floored > 0.5 else floored


def compare(op: CompareOp, left: Any, right: Any) -> bool:
    """By value, whatever the two types; unordered is False, except for `ne`."""
    return bool(_COMPARE[op](left, right))


_COMPARE: dict[CompareOp, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def convert(value: Any, target: Scalar) -> Value:
    """Integers wrap; a float made an integer truncates and saturates, NaN gives 0; bool is `!= 0`."""
    if target.kind == "bool":
        return bool(value != 0)
    if target.is_float:
        return rounded(target, value) if isinstance(value, float) else _real(target, int(value))
    if not isinstance(value, float):
        return target.wrap(int(value))
    if math.isnan(value):
        return 0
    return target.low if value < target.low else target.high if value > target.high else int(value)


def _real(target: Scalar, value: int) -> float:
    """To nearest in one rounding: for f32, all but the last of 53 bits are kept and the last tells of those lost."""
    shift = abs(value).bit_length() - 53
    if target.bits == 64 or shift <= 0:
        return rounded(target, float(value))
    kept = abs(value) >> shift
    sticky = kept | (kept << shift != abs(value))
    return rounded(target, math.copysign(float(sticky << shift), value))


def intrinsic(name: str, type: Scalar, arguments: tuple[Any, ...]) -> Value:
    """The operation `name` of the table in `ir.Intrinsic`, with a result of the type.

    Raises:
        KeyError: the operation has no meaning outside an executor.
    """
    if name == "bit_cast":
        return _bit_cast(type, *arguments)
    result = _INTRINSICS[name](*arguments)
    if type.is_float:
        return rounded(type, float(result))
    return bool(result) if type.kind == "bool" else type.wrap(int(result))


def _bit_cast(type: Scalar, value: Any) -> Value:
    size = type.bits // 8
    floats = "<f" if size == 4 else "<d"
    if isinstance(value, float):
        bits = struct.pack(floats, value)
    else:
        bits = (value % (1 << type.bits)).to_bytes(size, "little")
    if type.is_float:
        return float(struct.unpack(floats, bits)[0])
    return type.wrap(int.from_bytes(bits, "little"))


def _ieee(name: str, function: Callable[..., float], *arguments: Any) -> float:
    """A function of `math` as C has it: NaN outside the domain, an infinity at a pole and for what is too large."""
    try:
        return function(*arguments)
    except OverflowError:
        return -math.inf if _is_negative(name, arguments) else math.inf
    except ValueError:
        return _POLES.get(name, _no_pole)(*arguments)


def _is_negative(name: str, arguments: tuple[Any, ...]) -> bool:
    if name == "pow":
        return bool(arguments[0] < 0 and arguments[1] % 2 == 1)
    return name in ("sinh", "ldexp") and bool(arguments[0] < 0)


def _no_pole(*arguments: float) -> float:
    return math.nan


_POLES: dict[str, Callable[..., float]] = {
    "log": lambda x: -math.inf if x == 0 else math.nan,
    "log2": lambda x: -math.inf if x == 0 else math.nan,
    "log10": lambda x: -math.inf if x == 0 else math.nan,
    "log1p": lambda x: -math.inf if x == -1 else math.nan,
    "atanh": lambda x: math.copysign(math.inf, x) if abs(x) == 1 else math.nan,
    "gamma": lambda x: math.copysign(math.inf, x) if x == 0 else math.nan,
    "lgamma": lambda x: math.inf,
    "pow": lambda x, y: math.copysign(math.inf, x if y % 2 == 1 else 1.0) if x == 0 else math.nan,
}


def _whole(function: Callable[[float], int], value: float) -> float:
    """floor, ceil, trunc and round as C has them: a float, that keeps infinities, NaN and the sign of zero."""
    return math.copysign(float(function(value)), value) if math.isfinite(value) and value else value


def _fused(left: float, right: float, addend: float) -> float:
    if all(map(math.isfinite, (left, right, addend))):
        return float(Fraction(left) * Fraction(right) + Fraction(addend))
    return left * right + addend


_PLAIN = (
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "copysign", "cos", "cosh", "degrees", "erf",
    "erfc", "exp", "exp2", "expm1", "fabs", "fmod", "gamma", "hypot", "isfinite", "isinf", "isnan", "ldexp", "lgamma",
    "log", "log10", "log1p", "log2", "nextafter", "pow", "radians", "remainder", "sin", "sinh", "sqrt", "tan", "tanh",
)  # fmt: skip


def _of_math(name: str) -> Callable[..., Any]:
    function = getattr(math, name)
    return lambda *arguments: _ieee(name, function, *arguments)


_INTRINSICS: dict[str, Callable[..., Any]] = {f"math.{name}": _of_math(name) for name in _PLAIN} | {
    "math.floor": lambda x: _whole(math.floor, x),
    "math.ceil": lambda x: _whole(math.ceil, x),
    "math.trunc": lambda x: _whole(math.trunc, x),
    "math.rint": lambda x: _whole(round, x),
    "math.fma": _fused,
    "min": lambda left, right: right if right < left else left,
    "max": lambda left, right: right if right > left else left,
    "abs": abs,
    "device.popcount": int.bit_count,
    "device.find_first": lambda word: (word & -word).bit_length() - 1 if word else 32,
    "device.count_leading_zeros": lambda word: 32 - word.bit_length(),
}
