"""Scalar operations on operands, with the tests that make what Python raises explicit.

    z = x // y      ->      %0 = y eq 0
                            branch %0 ? raise : fine         (rare; `raise` is shared in the function)
                          fine:
                            z = x floordiv y

Tests that a constant operand passes are left out, and operations on constants are folded, so that the general form of a
computation (a slice with any step) costs only what its operands need. Messages are CPython 3.11's.
"""

from __future__ import annotations

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Scalar, Tuple, Type, boolean, spelled, u64
from coro2cuda.frontend.tree import BinaryOp, CompareOp, UnaryOp
from coro2cuda.lowering import ir, scalars
from coro2cuda.lowering.builder import FALSE, TRUE, Builder, Error

SHIFT: Error = ("ValueError", "negative shift count")
EXPONENT: Error = ("ValueError", "integers to negative integer powers are not allowed")
INTEGER_RATIO: Error = ("ZeroDivisionError", "division by zero")
NOT_A_NUMBER: Error = ("ValueError", "cannot convert float NaN to integer")
INFINITE: Error = ("OverflowError", "cannot convert float infinity to integer")

_INTEGER_DIVISOR = {"floordiv": "integer division or modulo by zero", "mod": "integer modulo by zero"}
_FLOAT_DIVISOR = {
    "truediv": "float division by zero",
    "floordiv": "float floor division by zero",
    "mod": "float modulo",
}


# --- without tests, folded where the operands are constants


def unary(b: Builder, op: UnaryOp, operand: ir.Operand, into: ir.Local | None = None) -> ir.Operand:
    if isinstance(operand, ir.Const) and isinstance(operand.type, Scalar):
        return ir.Const(operand.type, scalars.unary(op, operand.type, operand.value))
    dest = into or b.temporary(operand.type)
    b.emit(ir.Unary(dest, op, operand))
    return dest


def compute(b: Builder, op: BinaryOp, left: ir.Operand, right: ir.Operand, into: ir.Local | None = None) -> ir.Operand:
    """`left op right` where nothing can go wrong."""
    folded = _folded(op, left, right)
    if folded is not None:
        return folded
    dest = into or b.temporary(left.type)
    b.emit(ir.Binary(dest, op, left, right))
    return dest


def _folded(op: BinaryOp, left: ir.Operand, right: ir.Operand) -> ir.Operand | None:
    type = left.type
    if not (isinstance(right, ir.Const) and isinstance(type, Scalar) and type.is_integer):
        return None
    if isinstance(left, ir.Const):
        return ir.Const(type, scalars.binary(op, type, left.value, right.value))
    if op == "mul" and right.value == 0:
        return right
    neutral = {"add": 0, "sub": 0, "mul": 1, "floordiv": 1}.get(op)
    return left if right.value == neutral else None


def compare(b: Builder, op: CompareOp, left: ir.Operand, right: ir.Operand, into: ir.Local | None = None) -> ir.Operand:
    if isinstance(left, ir.Const) and isinstance(right, ir.Const):
        return TRUE if scalars.compare(op, left.value, right.value) else FALSE
    dest = into or b.temporary(boolean)
    b.emit(ir.Compare(dest, op, left, right))
    return dest


def select(
    b: Builder, test: ir.Operand, then: ir.Operand, orelse: ir.Operand, into: ir.Local | None = None
) -> ir.Operand:
    if isinstance(test, ir.Const):
        return then if test.value else orelse
    dest = into or b.temporary(then.type)
    b.emit(ir.Select(dest, test, then, orelse))
    return dest


def convert(b: Builder, operand: ir.Operand, type: Type, into: ir.Local | None = None) -> ir.Operand:
    """To another type, without tests."""
    if operand.type == type:
        return operand
    if isinstance(operand, ir.Const) and isinstance(type, Scalar) and isinstance(operand.type, Scalar):
        return ir.Const(type, scalars.convert(operand.value, type))
    dest = into or b.temporary(type)
    b.emit(ir.Convert(dest, operand))
    return dest


def least(b: Builder, left: ir.Operand, right: ir.Operand) -> ir.Operand:
    """Python's min: the first unless the second is less."""
    return select(b, compare(b, "lt", right, left), right, left)


def greatest(b: Builder, left: ir.Operand, right: ir.Operand) -> ir.Operand:
    return select(b, compare(b, "gt", right, left), right, left)


def truth(b: Builder, operand: ir.Operand) -> ir.Operand:
    if isinstance(operand.type, Tuple):
        return TRUE if operand.type.elements else FALSE
    return convert(b, operand, boolean)


def intrinsic(b: Builder, name: str, type: Type, *arguments: ir.Operand, into: ir.Local | None = None) -> ir.Local:
    dest = into or b.temporary(type)
    b.emit(ir.Intrinsic(dest, name, arguments))
    return dest


# --- with tests


def binary(
    b: Builder, op: BinaryOp, left: ir.Operand, right: ir.Operand, span: Span, into: ir.Local | None = None
) -> ir.Operand:
    """An operator of the language: what Python refuses raises."""
    type = left.type
    if not b.checked or not isinstance(type, Scalar):
        return compute(b, op, left, right, into)
    if op in ("truediv", "floordiv", "mod"):
        check_divisor(b, right, divisor_error(op, type), span)
    elif op in ("shl", "shr"):
        _check_sign(b, right, SHIFT, span)
    elif op == "pow" and type.is_integer:
        _check_sign(b, right, EXPONENT, span)
    return _exponentiate(b, left, right, span) if op == "pow" and type.is_float else compute(b, op, left, right, into)


def divisor_error(op: BinaryOp, type: Scalar) -> Error:
    return ("ZeroDivisionError", (_FLOAT_DIVISOR if type.is_float else _INTEGER_DIVISOR)[op])


def check_divisor(b: Builder, divisor: ir.Operand, error: Error, span: Span) -> None:
    if b.checked:
        zero = 0.0 if isinstance(divisor.type, Scalar) and divisor.type.is_float else 0
        b.raise_if(compare(b, "eq", divisor, ir.Const(divisor.type, zero)), error, span)


def _check_sign(b: Builder, operand: ir.Operand, error: Error, span: Span) -> None:
    if isinstance(operand.type, Scalar) and operand.type.kind == "int":
        b.raise_if(compare(b, "lt", operand, ir.Const(operand.type, 0)), error, span)


def integer(b: Builder, operand: ir.Operand, type: Scalar, span: Span, into: ir.Local | None = None) -> ir.Operand:
    """A float truncated to an integer type: NaN, infinities and what does not fit raise."""
    source = operand.type
    if not b.checked or not (isinstance(source, Scalar) and source.is_float and type.is_integer):
        return convert(b, operand, type, into)
    low = float(type.low - 1)
    exact = scalars.rounded(source, low) == type.low - 1
    above = compare(b, "gt" if exact else "ge", operand, ir.Const(source, low if exact else float(type.low)))
    below = compare(b, "lt", operand, ir.Const(source, float(type.high + 1)))
    fits = above if below is TRUE else below if above is TRUE else _both(b, above, below)
    b.slow_path(unary(b, "not", fits), lambda fine: _refuse_float(b, operand, type, span))
    return convert(b, operand, type, into)


def _both(b: Builder, left: ir.Operand, right: ir.Operand) -> ir.Operand:
    dest = b.temporary(boolean)
    b.emit(ir.Binary(dest, "and", left, right))
    return dest


def _refuse_float(b: Builder, operand: ir.Operand, type: Scalar, span: Span) -> None:
    b.raise_if(compare(b, "ne", operand, operand), NOT_A_NUMBER, span)
    infinite = intrinsic(b, "math.isinf", boolean, operand)
    b.branch(infinite, b.raise_block(INFINITE, span), b.raise_block(too_large(type), span))


def too_large(type: Scalar) -> Error:
    return ("OverflowError", f"float does not fit {spelled(type)}")


# --- functions of floats


class Refusals:
    """What a function of floats raises for finite arguments: `nan` for a NaN that no argument was, `pole` for an
    infinity where the first argument is not positive (a base of zero, a negative integer), `large` for any other."""

    __slots__ = ("large", "nan", "pole")

    def __init__(self, nan: Error, pole: Error, large: Error) -> None:
        self.nan, self.pole, self.large = nan, pole, large


_DOMAIN: Error = ("ValueError", "math domain error")
RANGE: Error = ("OverflowError", "math range error")
_LIMITED = Refusals(_DOMAIN, _DOMAIN, _DOMAIN)
_GROWING = Refusals(_DOMAIN, RANGE, RANGE)
_WITH_POLES = Refusals(_DOMAIN, _DOMAIN, RANGE)
POWER = Refusals(
    ("ValueError", "negative number cannot be raised to a fractional power"),
    ("ZeroDivisionError", "0.0 cannot be raised to a negative power"),
    ("OverflowError", "(34, 'Numerical result out of range')"),
)

_REFUSALS: dict[str, Refusals] = (
    dict.fromkeys(("sqrt", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "acosh", "atanh",
                   "fmod", "remainder"), _LIMITED)
    | dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh", "ldexp", "fma"), _GROWING)
    | dict.fromkeys(("pow", "gamma", "lgamma"), _WITH_POLES)
)  # fmt: skip


# Domains that one test of the argument decides. The result is then not needed for the test: dead, it is dropped.
_FINITE = ("sin", "cos", "tan")
_BOUNDED_BELOW: dict[str, CompareOp] = {"sqrt": "ge", "log": "gt", "log2": "gt", "log10": "gt"}


def _accepted(b: Builder, name: str, argument: ir.Operand) -> ir.Operand | None:
    """Whether the argument is in the function's domain and no NaN, where one test of it tells."""
    if name in _FINITE:
        return intrinsic(b, "math.isfinite", boolean, argument)
    if name in _BOUNDED_BELOW:
        return compare(b, _BOUNDED_BELOW[name], argument, ir.Const(argument.type, 0.0))
    return None


def function(
    b: Builder, name: str, type: Type, arguments: tuple[ir.Operand, ...], span: Span, into: ir.Local | None = None
) -> ir.Operand:
    """`math.name(arguments)`: a domain or range error shows in the argument or in the result, so one test of that is
    the common path."""
    if name == "log" and len(arguments) == 2:
        value, base = (function(b, name, type, (argument,), span) for argument in arguments)
        return binary(b, "truediv", value, base, span, into)
    refusals = _REFUSALS.get(name)
    if refusals is None or not b.checked:
        return intrinsic(b, f"math.{name}", type, *arguments, into=into)
    accepted = _accepted(b, name, arguments[0])
    if accepted is not None:
        b.slow_path(unary(b, "not", accepted), lambda fine: _refuse_domain(b, arguments[0], fine, span))
        return intrinsic(b, f"math.{name}", type, *arguments, into=into)
    result = intrinsic(b, f"math.{name}", type, *arguments)
    _check_result(b, result, arguments, refusals, span)
    return result


def _refuse_domain(b: Builder, argument: ir.Operand, fine: int, span: Span) -> None:
    """A NaN passes; anything else here is outside the domain."""
    b.branch(compare(b, "ne", argument, argument), fine, b.raise_block(_DOMAIN, span))


def _exponentiate(b: Builder, left: ir.Operand, right: ir.Operand, span: Span) -> ir.Operand:
    result = b.temporary(left.type)
    b.emit(ir.Binary(result, "pow", left, right))
    _check_result(b, result, (left, right), POWER, span)
    return result


def _check_result(
    b: Builder, result: ir.Local, arguments: tuple[ir.Operand, ...], refusals: Refusals, span: Span
) -> None:
    floats = [operand for operand in arguments if isinstance(operand.type, Scalar) and operand.type.is_float]
    finite = intrinsic(b, "math.isfinite", boolean, result)

    def explain(fine: int) -> None:
        invalid, large = b.block(), b.block()
        b.branch(compare(b, "ne", result, result), invalid, large)
        with b.aside(invalid):
            for operand in floats:
                _accept(b, compare(b, "ne", operand, operand), fine)
            b.goto(b.raise_block(refusals.nan, span))
        with b.aside(large):
            for operand in floats:
                _accept(b, unary(b, "not", intrinsic(b, "math.isfinite", boolean, operand)), fine)
            at_pole = compare(b, "le" if len(floats) == 1 else "eq", floats[0], ir.Const(floats[0].type, 0.0))
            b.branch(at_pole, b.raise_block(refusals.pole, span), b.raise_block(refusals.large, span))

    b.slow_path(unary(b, "not", finite), explain)


def _accept(b: Builder, test: ir.Operand, fine: int) -> None:
    """Where an argument explains the result, go on."""
    onward = b.block()
    b.branch(test, fine, onward)
    b.place(onward)


def remainder_pair(b: Builder, left: ir.Operand, right: ir.Operand, span: Span) -> tuple[ir.Operand, ir.Operand]:
    """The two values of divmod."""
    is_float = isinstance(left.type, Scalar) and left.type.is_float
    message = "float divmod()" if is_float else _INTEGER_DIVISOR["floordiv"]
    check_divisor(b, right, ("ZeroDivisionError", message), span)
    return compute(b, "floordiv", left, right), compute(b, "mod", left, right)


def rounded(b: Builder, operand: ir.Operand, type: Scalar, span: Span, into: ir.Local | None) -> ir.Operand:
    """round(x): half to even."""
    if not (isinstance(operand.type, Scalar) and operand.type.is_float):
        return convert(b, operand, type, into)
    return integer(b, intrinsic(b, "math.rint", operand.type, operand), type, span, into)


def magnitude(b: Builder, operand: ir.Operand, into: ir.Local | None) -> ir.Operand:
    if isinstance(operand.type, Scalar) and operand.type.kind in ("uint", "bool"):
        return operand
    return intrinsic(b, "abs", operand.type, operand, into=into)


def below(b: Builder, index: ir.Operand, extent: ir.Operand) -> ir.Operand:
    """`not 0 <= index < extent`, in one unsigned comparison: extents are not negative."""
    return compare(b, "ge", convert(b, index, u64), convert(b, extent, u64))
