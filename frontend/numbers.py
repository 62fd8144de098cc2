"""Weak numbers: folding arithmetic on literals, and giving a literal the type its place asks for.

While an expression is inferred, a literal is a `tree.Constant` whose type is a `dtypes.Number`; `fit` and `strong` turn
it into a constant of a machine type. Nothing else in a finished tree has a Number's type.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from coro2cuda.frontend import tree
from coro2cuda.frontend.diagnostics import CompileError, Span
from coro2cuda.frontend.dtypes import (
    Array,
    Number,
    Pointer,
    Scalar,
    Tuple,
    Type,
    boolean,
    i64,
    promote,
    spelled,
    u64,
    with_article,
)

MOST_BITS = 4096

_FOLD: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "truediv": operator.truediv,
    "floordiv": operator.floordiv, "mod": operator.mod, "pow": operator.pow, "shl": operator.lshift,
    "shr": operator.rshift, "and": operator.and_, "or": operator.or_, "xor": operator.xor,
}  # fmt: skip
_FOLD_UNARY: dict[str, Callable[[Any], Any]] = {"neg": operator.neg, "invert": operator.invert}


def weak(span: Span, value: int | float) -> tree.Constant:
    """A literal."""
    return tree.Constant(span, Number(value), value)


def is_weak(node: tree.Expression) -> bool:
    return isinstance(node.type, Number)


def value_of(node: tree.Expression) -> int | float:
    """The value of a literal."""
    assert isinstance(node.type, Number)
    return node.type.value


def fold_unary(span: Span, op: str, value: int | float) -> tree.Constant:
    try:
        return weak(span, _FOLD_UNARY[op](value))
    except TypeError as error:
        raise CompileError(str(error), span, "use an int") from None


def fold(span: Span, op: str, left: int | float, right: int | float) -> tree.Constant:
    """Arithmetic on two literals, done by Python now.

    Raises:
        CompileError: Python would raise, or the result is not a number we can hold.
    """
    if op in ("shl", "pow") and isinstance(left, int) and isinstance(right, int) and left and right * max(
        1, left.bit_length() if op == "pow" else 1
    ) > MOST_BITS:
        raise CompileError("this constant does not fit any integer type", span, "use a smaller exponent or shift")
    try:
        result = _FOLD[op](left, right)
    except ZeroDivisionError:
        raise CompileError("this constant expression divides by zero", span, "write another constant") from None
    except (ArithmeticError, ValueError, TypeError) as error:
        raise CompileError(f"this constant expression raises {type(error).__name__}: {error}", span,
                           "write another constant") from None  # fmt: skip
    if isinstance(result, complex):
        raise CompileError("this constant expression is complex", span, "complex numbers are not available")
    return weak(span, result)


def strong(node: tree.Expression) -> tree.Expression:
    """A literal as int (u64 if it only fits there) or float, also inside a tuple display; else as it is."""
    if isinstance(node, tree.TupleDisplay):
        items = tuple(map(strong, node.items))
        return tree.TupleDisplay(node.span, Tuple(tuple(item.type for item in items)), items)
    if not isinstance(node.type, Number):
        return node
    default = node.type.default
    if default == i64 and not node.type.fits(i64):
        if not node.type.fits(u64):
            raise CompileError(f"{node.type.value} does not fit any integer type", node.span, "use a float, or a u64")
        default = u64
    return tree.Constant(node.span, default, node.type.value)


def adapt(node: tree.Expression, type: Scalar) -> tree.Expression:
    """A literal as an operand beside one of `type`: takes that type, or float where it is a float beside an integer."""
    if not isinstance(node.type, Number):
        return node
    number = node.type
    if isinstance(number.value, float) and not type.is_float:
        return strong(node)
    if type == boolean:
        return strong(node)
    if not number.fits(type):
        raise CompileError(
            f"{number.value} does not fit {type.name} (from {type.low} to {type.high})",
            node.span,
            f"convert the other operand first, for instance `i64(...)`, or write `{type.name}({number.value})` to wrap",
        )
    return constant(node, type)


def constant(node: tree.Expression, type: Scalar) -> tree.Constant:
    assert isinstance(node.type, Number)
    value = node.type.value
    return tree.Constant(node.span, type, float(value) if type.is_float else value)


def convert(node: tree.Expression, type: Type, checked: bool = False) -> tree.Expression:
    """The expression as `type`: a Convert where that changes something."""
    node = strong(node) if node.type != type and is_weak(node) and not _fits(node, type) else node
    if is_weak(node):
        assert isinstance(type, Scalar)
        return constant(node, type)
    return node if node.type == type else tree.Convert(node.span, type, node, checked)


def _fits(node: tree.Expression, type: Type) -> bool:
    return isinstance(node.type, Number) and isinstance(type, Scalar) and node.type.fits(type)


def fit(node: tree.Expression, type: Type, what: str, *, wraps: bool = False) -> tree.Expression:
    """The expression where `type` is declared: `what` names the place in the message.

    A literal takes the type if it fits. A value is widened as NumPy would; with `wraps`, integers also wrap and floats
    round, as they do when stored. Nothing else changes type.

    Raises:
        CompileError: it does not fit.
    """
    if node.type == type:
        return node
    if isinstance(node.type, Number) and isinstance(type, Scalar) and type != boolean:
        if node.type.fits(type):
            return constant(node, type)
        if isinstance(node.type.value, int):
            raise CompileError(
                f"{node.type.value} does not fit {what}, {type.name} (from {type.low} to {type.high})",
                node.span,
                f"write `{type.name}({node.type.value})` to wrap",
            )
    found = strong(node).type
    if isinstance(found, Scalar) and isinstance(type, Scalar) and _converts(found, type, wraps):
        return tree.Convert(node.span, type, node)
    if isinstance(found, Pointer) and isinstance(type, Pointer) and found.target == type.target:
        return tree.Convert(node.span, type, node)
    if isinstance(found, Array) and isinstance(type, Array) and _is_freer(type, found):
        return tree.View(node.span, type, node, ())
    if isinstance(node, tree.TupleDisplay) and isinstance(type, Tuple) and len(node.items) == len(type.elements):
        items = tuple(fit(item, element, what, wraps=wraps)
                      for item, element in zip(node.items, type.elements, strict=True))  # fmt: skip
        return tree.TupleDisplay(node.span, type, items)
    raise mismatch(node, type, what)


def _is_freer(type: Array, found: Array) -> bool:
    """Whether an array may be seen as one of a type that promises less: that it is contiguous, or writable."""
    return (
        (type.element, type.ndim) == (found.element, found.ndim)
        and not type.contiguous
        and type.writable <= found.writable
    )


def _converts(found: Scalar, type: Scalar, wraps: bool) -> bool:
    if type == boolean:
        return False
    if found.is_float:
        return type.is_float and (wraps or found.bits <= type.bits)
    if found == boolean or type.is_float:
        return wraps or (type.is_float and promote(found, type) == type) or found == boolean
    return wraps or promote(found, type) == type


def mismatch(node: tree.Expression, type: Type, what: str) -> CompileError:
    found = spelled(strong(node).type)
    hint = f"convert it: `{spelled(type)}(...)`" if isinstance(type, Scalar) and isinstance(
        strong(node).type, Scalar) else f"give it {with_article(type)}"  # fmt: skip
    return CompileError(f"{what} is {spelled(type)} and here gets {found}", node.span, hint)
