"""Calls of types, of Python's builtins and of `math`: operands as they ask for them, and the result's type.

A call is never weak, even of literals: `abs(-2)` is an int.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from coro2cuda.frontend import builtins, dtypes, numbers, tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import (
    Array,
    Reference,
    Scalar,
    Tuple,
    Type,
    boolean,
    f64,
    holds_array,
    i64,
    none,
    promote,
    spelled,
    with_article,
)
from coro2cuda.frontend.infer_expressions import expression, operands, value
from coro2cuda.frontend.numbers import is_weak, strong

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk


def conversion_type(callee: Any) -> Scalar | None:
    if isinstance(callee, Scalar):
        return callee
    if not isinstance(callee, type):
        return None
    if callee in (int, float, bool):
        return {int: i64, float: f64, bool: boolean}[callee]
    if callee.__module__ == "numpy":
        import numpy

        if issubclass(callee, numpy.generic) and not callee.__name__.endswith(("generic", "ing", "number", "integer")):
            return dtypes.of_dtype(numpy.dtype(callee))
    return None


def _arguments(walk: Walk, node: ast.Call, low: int, high: int | None) -> list[tree.Expression]:
    name = ast.unparse(node.func)
    if node.keywords:
        raise walk.refuse(node, f"{name}() takes no keyword arguments here", "give the values in order")
    count = len(node.args)
    if count < low or (high is not None and count > high):
        wanted = str(low) if low == high else f"{low} to {high}" if high else f"{low} or more"
        plural = "" if wanted == "1" else "s"
        hint = "leave out what is too much" if high is not None and count > high else "give what is missing"
        raise walk.refuse(node, f"{name}() takes {wanted} argument{plural}, and {count} are given", hint)
    return [expression(walk, argument) for argument in node.args]


def conversion(walk: Walk, node: ast.Call, type: Scalar) -> tree.Expression:
    span = walk.source.span(node)
    arguments = _arguments(walk, node, 0, 1)
    if not arguments:
        return tree.Constant(span, type, False if type == boolean else 0.0 if type.is_float else 0)
    found = arguments[0]
    if is_weak(found):
        return _converted_literal(span, type, found)
    if not isinstance(found.type, Scalar):
        message = f"{with_article(strong(found).type)} cannot be converted to {spelled(type)}"
        raise walk.refuse(node, message, "convert an item or an element")
    checked = found.type.is_float and type.is_integer and not walk.device
    return found if found.type == type else tree.Convert(span, type, found, checked)


def _converted_literal(span: Any, type: Scalar, found: tree.Expression) -> tree.Expression:
    number = numbers.value_of(found)
    try:
        return tree.Constant(span, type, type.convert(number))
    except (ValueError, OverflowError) as error:
        message = f"{number!r} cannot become {with_article(type)}: {error}"
        raise CompileError(message, span, "write another literal") from None


def _len(walk: Walk, node: ast.Call) -> tree.Expression:
    from coro2cuda.frontend.infer_lists import view

    found = view(_arguments(walk, node, 1, 1)[0])
    if isinstance(found.type, Array):
        return tree.Extent(walk.source.span(node), i64, found, 0)
    if isinstance(found.type, Tuple):
        return tree.Constant(walk.source.span(node), i64, len(found.type.elements))
    raise walk.refuse(node, f"{with_article(strong(found).type)} has no length", "only arrays and tuples have")


def _range(walk: Walk, node: ast.Call) -> tree.Expression:
    raise walk.refuse(node, "range() stands only in `for ... in range(...)`", "write the loop there")


def _extreme(walk: Walk, node: ast.Call) -> tree.Expression:
    name = ast.unparse(node.func)
    if len(node.args) == 1:
        found = _arguments(walk, node, 1, 1)[0]
        if not isinstance(found.type, Tuple) or not found.type.elements:
            hint = "write the loop over the array" if isinstance(found.type, Array) else "give two values"
            raise walk.refuse(node, f"{name}() takes two or more values, or a tuple", hint)
        values = _items(found)
    else:
        values = _arguments(walk, node, 2, None)
    type = _common(walk, node, name, values)
    return tree.Builtin(walk.source.span(node), type, name, tuple(numbers.convert(one, type) for one in values))


def _common(walk: Walk, node: ast.AST, name: str, values: list[tree.Expression]) -> Scalar:
    """The one type of several values: ints and floats are not mixed, since the result is one of them."""
    kinds = {one.type for one in values if not is_weak(one)}
    joined = _joined(kinds)
    if kinds and joined is None:
        found = " and ".join(sorted(spelled(kind) for kind in kinds))
        raise walk.refuse(node, f"{name}() would give one of several types: {found}", "convert them to one type")
    if joined is None:
        floats = {isinstance(numbers.value_of(one), float) for one in values}
        if len(floats) > 1:
            raise walk.refuse(node, f"{name}() would give an int or a float", "write all as floats")
        return f64 if floats == {True} else i64
    type = joined
    for one in values:
        if is_weak(one) and isinstance(numbers.value_of(one), float) and not type.is_float:
            raise walk.refuse(node, f"{name}() would give {spelled(type)} or float", "convert them to one type")
        if is_weak(one):
            numbers.adapt(one, type)
    return type


def _joined(kinds: set[Type]) -> Scalar | None:
    """What types of one kind (integers, floats, bools) promote to."""
    joined: Scalar | None = None
    for kind in kinds:
        if not isinstance(kind, Scalar) or (joined is not None and (
            kind.is_float != joined.is_float or boolean in (kind, joined)
        )):
            return None
        joined = kind if joined is None else promote(joined, kind)
        if joined is None:
            return None
    return joined


def _items(found: tree.Expression) -> list[tree.Expression]:
    """The items of a tuple, to be evaluated in order; the first evaluates the tuple."""
    assert isinstance(found.type, Tuple)
    if isinstance(found, tree.TupleDisplay):
        return list(found.items)
    if isinstance(found, tree.Name):
        return [tree.Item(found.span, type, found, index) for index, type in enumerate(found.type.elements)]
    held = tree.Variable("%items", found.type)
    first, again = tree.Walrus(found.span, found.type, held, found), tree.Name(found.span, found.type, held)
    return [tree.Item(found.span, type, again if index else first, index)
            for index, type in enumerate(found.type.elements)]  # fmt: skip


def _abs(walk: Walk, node: ast.Call) -> tree.Expression:
    (found,) = _arguments(walk, node, 1, 1)
    if is_weak(found):
        return strong(numbers.weak(walk.source.span(node), abs(numbers.value_of(found))))
    type = _number(walk, node, found)
    return tree.Builtin(walk.source.span(node), type, "abs", (numbers.convert(found, type),))


def _number(walk: Walk, node: ast.AST, found: tree.Expression) -> Scalar:
    """The arithmetic type of an operand: bool counts as int."""
    type = strong(found).type
    if not isinstance(type, Scalar):
        raise walk.refuse(node, f"a number is needed here, not {with_article(type)}", "give an item or an element")
    return i64 if type == boolean else type


def _round(walk: Walk, node: ast.Call) -> tree.Expression:
    if len(node.args) == 2:
        raise walk.refuse(node, "round() to digits is not available", "scale, round and scale back")
    (found,) = _arguments(walk, node, 1, 1)
    type = _number(walk, node, found)
    if not type.is_float:
        return numbers.convert(strong(found), i64)
    return tree.Builtin(walk.source.span(node), i64, "round", (numbers.convert(found, type),))


def _divmod(walk: Walk, node: ast.Call) -> tree.Expression:
    left, right = _pair(walk, node, "floordiv")
    pair = Tuple((left.type, left.type))
    return tree.Builtin(walk.source.span(node), pair, "divmod", (left, right))


def _pow(walk: Walk, node: ast.Call) -> tree.Expression:
    left, right = _pair(walk, node, "pow")
    return tree.Binary(walk.source.span(node), left.type, "pow", left, right)


def _pair(walk: Walk, node: ast.Call, op: tree.BinaryOp) -> tuple[tree.Expression, tree.Expression]:
    left, right = _arguments(walk, node, 2, 2)
    if is_weak(left) and is_weak(right):
        left = strong(left)
    _, left, right = operands(walk, node, op, left, right)
    return left, right


def _sum(walk: Walk, node: ast.Call) -> tree.Expression:
    from coro2cuda.frontend.infer_gather import sum_of_gather
    from coro2cuda.frontend.infer_lists import view

    gathered = sum_of_gather(walk, node.args[0]) if len(node.args) == 1 and not node.keywords else None
    if gathered is not None and isinstance(gathered.type, Scalar):
        return gathered
    found = view(gathered if gathered is not None else _arguments(walk, node, 1, 1)[0])
    span = walk.source.span(node)
    if isinstance(found.type, Array) and found.type.ndim == 1:
        element = found.type.element
        return tree.Builtin(span, i64 if element == boolean else element, "sum", (found,))
    if isinstance(found.type, Tuple):
        return _sum_of_items(walk, node, strong(found))
    raise walk.refuse(node, f"sum() of {with_article(strong(found).type)}", "sum a 1-D array or a tuple of numbers")


def _sum_of_items(walk: Walk, node: ast.Call, found: tree.Expression) -> tree.Expression:
    span, items = walk.source.span(node), _items(found)
    total: tree.Expression = numbers.weak(span, 0)
    for item in items:
        is_first = is_weak(total)
        type, left, right = operands(walk, node, "add", total, item)
        total = right if is_first else tree.Binary(span, type, "add", left, right)
    return strong(total)


def _print(walk: Walk, node: ast.Call) -> tree.Expression:
    separator, end = " ", "\n"
    for keyword in node.keywords:
        text = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if keyword.arg not in ("sep", "end") or not isinstance(text, str):
            raise walk.refuse(node, "print() takes only literal `sep=` and `end=` here", "print plain values")
        separator, end = (text, end) if keyword.arg == "sep" else (separator, text)
    parts: list[str | tree.Expression] = []
    for index, argument in enumerate(node.args):
        if index:
            parts.append(separator)
        parts += text_parts(walk, argument)
    return tree.Print(walk.source.span(node), none, (*parts, end))


def text_parts(walk: Walk, node: ast.expr) -> list[str | tree.Expression]:
    """What is printed for an argument, also inside an f-string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [part for piece in node.values for part in _printed_piece(walk, node, piece)]
    found = value(walk, node)
    if holds_array(found.type):
        raise walk.refuse(node, "an array cannot be printed in a coroutine", "print elements, or print it on the host")
    if isinstance(found.type, Reference):
        raise walk.refuse(node, f"{with_article(found.type)} cannot be printed", "print what its methods tell")
    return [found]


def _printed_piece(walk: Walk, node: ast.JoinedStr, piece: ast.expr) -> list[str | tree.Expression]:
    if not isinstance(piece, ast.FormattedValue):
        return text_parts(walk, piece)
    if piece.format_spec is not None or piece.conversion != -1:
        raise walk.refuse(node, "format specifications are not available in a coroutine",
                          f"write the value alone: `{{{ast.unparse(piece.value)}}}`")  # fmt: skip
    return text_parts(walk, piece.value)


@cache
def python_builtins() -> dict[int, Callable[[Any, ast.Call], tree.Expression]]:
    table: dict[Any, Callable[[Any, ast.Call], tree.Expression]] = {
        len: _len, range: _range, min: _extreme, max: _extreme, abs: _abs, round: _round, divmod: _divmod, pow: _pow,
        sum: _sum, print: _print,
    }  # fmt: skip
    return {id(function): infer for function, infer in table.items()}


# --- math ------------------------------------------------------------------------------------------------------------


@cache
def math_names() -> dict[int, str]:
    names = (*builtins.MATH_FLOAT, *builtins.MATH_TO_INT, *builtins.MATH_TO_BOOL, "ldexp")
    return {id(getattr(math, name)): name for name in names if hasattr(math, name)}


def of_math(walk: Walk, node: ast.Call, name: str) -> tree.Expression:
    span = walk.source.span(node)
    if name == "ldexp":
        return _ldexp(walk, node)
    counts = builtins.MATH_FLOAT.get(name, (1,))
    arguments = _arguments(walk, node, min(counts), max(counts))
    type = _math_type(walk, node, arguments)
    operands = tuple(numbers.convert(argument, type) for argument in arguments)
    if name in builtins.MATH_TO_INT:
        found = strong(arguments[0]).type
        if isinstance(found, Scalar) and not found.is_float:
            return numbers.convert(strong(arguments[0]), i64)
        return tree.Convert(span, i64, tree.Builtin(span, type, f"math.{name}", operands), checked=not walk.device)
    return tree.Builtin(span, boolean if name in builtins.MATH_TO_BOOL else type, f"math.{name}", operands)


def _math_type(walk: Walk, node: ast.AST, arguments: list[tree.Expression]) -> Scalar:
    """f32 if that is what the operands that are not literals promote to, else f64."""
    joined: Scalar | None = None
    for argument in arguments:
        kind = _number(walk, node, argument)
        if not is_weak(argument):
            joined = kind if joined is None else promote(joined, kind) or f64
    return dtypes.f32 if joined == dtypes.f32 else f64


def _ldexp(walk: Walk, node: ast.Call) -> tree.Expression:
    found, exponent = _arguments(walk, node, 2, 2)
    type = _math_type(walk, node, [found])
    kind = _number(walk, node, exponent)
    if kind.is_float:
        raise walk.refuse(node, "the exponent of ldexp() is an int", "convert it: `int(...)`")
    operands = (numbers.convert(found, type), numbers.convert(exponent, i64))
    return tree.Builtin(walk.source.span(node), type, "math.ldexp", operands)
