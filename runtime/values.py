"""The language's arithmetic on host values, for the asyncio backend.

type    host value                  a weak operand (a literal, or a module's number) takes the other's type;
bool    bool                        `weak` is a bit mask over the operands, first operand = 1
i64     int, wrapping at 64 bits
f64     float                       what an operation means is `lowering.scalars`; here is only what Python
others  NumPy scalars               decides at run time: which type, and what raises
"""

from __future__ import annotations

import builtins
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from coro2cuda.frontend import dtypes
from coro2cuda.frontend.dtypes import Number, Scalar, Tuple, Type, boolean, f32, f64, i64
from coro2cuda.frontend.tree import BinaryOp, CompareOp
from coro2cuda.lowering import build_arithmetic as rules
from coro2cuda.lowering import scalars
from coro2cuda.lowering.builder import Error


@functools.cache
def _of_dtype(dtype: Any) -> Scalar | None:
    return dtypes.of_dtype(dtype)


def type_of(value: Any) -> Scalar | None:
    """The scalar type of a host value; None for tuples, arrays and whatever else."""
    match value:
        case bool():
            return boolean
        case int():
            return i64
        case float() if type(value) is float:
            return f64
        case _:
            return _of_dtype(value.dtype) if hasattr(value, "dtype") and not hasattr(value, "__setitem__") else None


def host(value: Any) -> Any:
    """A NumPy scalar of bool, i64 or f64 as Python's; all else as it is."""
    found = type_of(value)
    return value.item() if found in (boolean, i64, f64) and hasattr(value, "item") else value


def make(type: Scalar, value: Any) -> Any:
    """The host value of a type from what `lowering.scalars` computes with."""
    return value if type in (boolean, i64, f64) else type.numpy().type(value)


def plain(value: Any) -> Any:
    """A host value as Python's bool, int or float: what `lowering.scalars` computes with."""
    return value.item() if hasattr(value, "item") else value


def convert(type: Type, value: Any) -> Any:
    """A value as a declared type: integers wrap, tuples item by item; arrays and None are left alone."""
    match type:
        case Scalar() if type_of(value) is not None:
            return make(type, scalars.convert(plain(value), type))
        case Tuple() if isinstance(value, tuple) and len(value) == len(type.elements):
            return tuple(map(convert, type.elements, value))
        case _:
            return value


# --- which type ------------------------------------------------------------------------------------------------------


def _meet(left: Scalar | Number, right: Scalar | Number) -> Scalar | None:
    """The type two operands are brought to; None for a signed integer with u64."""
    if isinstance(left, Number):
        return _meet(right, left) if isinstance(right, Scalar) else dtypes.promote(left.default, right.default)
    if isinstance(right, Scalar):
        return dtypes.promote(left, right)
    if left == boolean:
        return right.default
    if isinstance(right.value, float):
        return left if left.is_float else f64
    return left


def common(values: Sequence[Any], weak: int) -> Scalar | None:
    """The type of an operation on scalars, or None if one is no scalar or there is none."""
    kinds: list[Scalar | Number] = []
    for position, value in enumerate(values):
        found = type_of(value)
        if found is None:
            return None
        kinds.append(Number(value) if weak >> position & 1 else found)
    met: Scalar | Number | None = kinds[0]
    for kind in kinds[1:]:
        met = _meet(met, kind) if met is not None else None
    return met.default if isinstance(met, Number) else met


def _operands(type: Scalar, values: Sequence[Any]) -> list[Any]:
    return [scalars.convert(plain(value), type) for value in values]


# --- operators -------------------------------------------------------------------------------------------------------


def binary(op: BinaryOp, left: Any, right: Any, weak: int = 0) -> Any:
    """An operator on two host values. Raises what Python raises; a negative integer exponent is a ValueError."""
    type = common((left, right), weak)
    if type is None:
        return _on_others(op, left, right)
    if op in ("and", "or", "xor") and isinstance(left, bool) and isinstance(right, bool):
        type = boolean
    elif op == "truediv" and not type.is_float:
        if right == 0:
            raise _error(rules.INTEGER_RATIO)
        type = f64
    first, second = _operands(type, (left, right))
    _check(op, type, first, second)
    result = scalars.binary(op, type, first, second)
    if op == "pow" and math.isinf(result) and math.isfinite(first) and math.isfinite(second):
        raise _error(rules.POWER.large)
    return make(type, result)


def _check(op: BinaryOp, type: Scalar, left: Any, right: Any) -> None:
    if op in ("truediv", "floordiv", "mod") and right == 0:
        raise _error(rules.divisor_error(op, type))
    if op in ("shl", "shr") and right < 0:
        raise _error(rules.SHIFT)
    if op == "pow" and type.is_integer and right < 0:
        raise _error(rules.EXPONENT)
    if op == "pow" and type.is_float:
        if left == 0 and right < 0:
            raise _error(rules.POWER.pole)
        if left < 0 and math.isfinite(right) and right != math.floor(right) and not math.isinf(left):
            raise _error(rules.POWER.nan)


def _error(error: Error) -> Exception:
    name, message = error
    kind: type[Exception] = getattr(builtins, name)
    return kind(message)


def _on_others(op: BinaryOp, left: Any, right: Any) -> Any:
    """Operators on tuples; what the compiler refuses (arrays as a whole) is Python's business here."""
    names = {"and": "and_", "or": "or_", "shl": "lshift", "shr": "rshift"}
    import operator

    return getattr(operator, names.get(op, op))(left, right)


def unary(op: str, value: Any) -> Any:
    """`neg`, `pos` or `invert`; of a bool they give an int."""
    found = type_of(value)
    if found is None:
        import operator

        return getattr(operator, op)(value)
    type = i64 if found == boolean else found
    operand = scalars.convert(plain(value), type)
    return make(type, operand if op == "pos" else scalars.unary("neg" if op == "neg" else "invert", type, operand))


def compare(op: CompareOp, left: Any, right: Any, weak: int = 0) -> bool:
    """In the common type, or by value where there is none."""
    type = common((left, right), weak)
    if isinstance(left, bool) and isinstance(right, bool):
        type = boolean
    first, second = (plain(left), plain(right)) if type is None else _operands(type, (left, right))
    return scalars.compare(op, first, second)


# --- arrays ----------------------------------------------------------------------------------------------------------


def load(container: Any, index: Any) -> Any:
    try:
        return host(container[index])
    except OverflowError as error:  # NumPy's, for an index beyond 64 bits
        raise IndexError(*error.args) from None


def store(container: Any, index: Any, value: Any) -> None:
    """Integers wrap to the element type."""
    element = _of_dtype(container.dtype) if hasattr(container, "dtype") else None
    stored = convert(element, value) if element is not None else value
    try:
        container[index] = stored
    except OverflowError as error:
        raise IndexError(*error.args) from None


def iterate(values: Any) -> Iterator[Any]:
    return map(host, values)


# --- functions -------------------------------------------------------------------------------------------------------


def to_integer(type: Scalar, value: Any) -> Any:
    """`int(x)`, `i32(x)`: floats truncate and must fit, integers wrap."""
    number = plain(value)
    if isinstance(number, float):
        if not type.low <= int(number) <= type.high:
            raise _error(rules.too_large(type))
        number = int(number)
    return make(type, scalars.convert(number, type))


def construct(type: Scalar, weak: int, value: Any = 0) -> Any:
    """A type called as a function."""
    return to_integer(type, value) if type.is_integer else make(type, scalars.convert(plain(value), type))


def _extreme(function: Callable[..., Any], weak: int, *values: Any) -> Any:
    if len(values) == 1:
        (values,), weak = values, 0
    values = tuple(values)
    type = common(values, weak)
    if type is None:
        return host(function(values))
    if all(isinstance(value, bool) for value in values):
        type = boolean
    return make(type, function(_operands(type, values)))


def _absolute(weak: int, value: Any) -> Any:
    found = type_of(value)
    if found is None:
        return abs(value)
    type, magnitude = i64 if found == boolean else found, abs(plain(value))
    return make(type, magnitude if type.is_float else type.wrap(magnitude))


def _rounded(weak: int, value: Any, *digits: Any) -> Any:
    return _checked_integer(round(plain(value), *digits))


def _checked_integer(result: Any) -> Any:
    """What Python gives as an int of any size must fit ours."""
    if isinstance(result, int) and not i64.low <= result <= i64.high:
        raise _error(rules.too_large(i64))
    return result


def _divmod(weak: int, left: Any, right: Any) -> Any:
    return binary("floordiv", left, right, weak), binary("mod", left, right, weak)


def _power(weak: int, left: Any, right: Any) -> Any:
    return binary("pow", left, right, weak)


def _sum(weak: int, values: Any, start: Any = 0) -> Any:
    total, first = start, not (weak >> 1) or not start
    for value in iterate(values):
        total = binary("add", total, value, 1 if first else 0)
        first = False
    return total


def _range(weak: int, *bounds: Any) -> Any:
    """A range whose items have the bounds' common type."""
    type = common(bounds, weak)
    if type is None or not type.is_integer:
        return range(*bounds)
    items = range(*_operands(type, bounds))
    return items if type == i64 else map(type.numpy().type, items)


def of_math(function: Callable[..., Any], weak: int, *arguments: Any, **named: Any) -> Any:
    """A function of `math`: of f32 an f32, else a float; bools and ints are as Python has them."""
    type = common(arguments, weak)
    result = _checked_integer(function(*map(plain, arguments), **{name: plain(one) for name, one in named.items()}))
    if type != f32 or not isinstance(result, float):
        return result
    rounded = scalars.convert(result, f32)
    if math.isinf(rounded) and math.isfinite(result):
        raise _error(rules.RANGE)
    return make(f32, rounded)


def shown(value: Any) -> Any:
    """A value for `print`: numbers as Python shows its own, also those in a tuple."""
    if isinstance(value, tuple):
        return f"({', '.join(str(shown(item)) for item in value)}{',' if len(value) == 1 else ''})"
    return value if type_of(value) is None else str(value)


def _print(weak: int, *parts: Any, **how: Any) -> None:
    print(*map(shown, parts), **how)


BUILTINS: dict[Any, Callable[..., Any]] = {
    builtins.bool: functools.partial(construct, boolean),
    builtins.int: functools.partial(construct, i64),
    builtins.float: functools.partial(construct, f64),
    builtins.min: functools.partial(_extreme, builtins.min),
    builtins.max: functools.partial(_extreme, builtins.max),
    builtins.abs: _absolute,
    builtins.round: _rounded,
    builtins.divmod: _divmod,
    builtins.pow: _power,
    builtins.sum: _sum,
    builtins.range: _range,
    builtins.print: _print,
}


def known(function: Any) -> Callable[..., Any] | None:
    """The language's version of a builtin, a type or a function of `math`: takes the weak mask, then the arguments."""
    if isinstance(function, Scalar):
        return functools.partial(construct, function)
    if getattr(function, "__module__", None) == "math":
        return functools.partial(of_math, function)
    try:
        return BUILTINS.get(function)
    except TypeError:
        return None
