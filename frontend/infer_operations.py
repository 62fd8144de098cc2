"""Calls of our own functions: atomics on arrays, `bit_cast`, and the operations of device Python."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from coro2cuda.frontend import device, dtypes, numbers, tree
from coro2cuda.frontend.dtypes import Array, Pointer, Scalar, Type, boolean, spelled, with_article
from coro2cuda.frontend.infer_builtins import conversion_type
from coro2cuda.frontend.infer_expressions import expression
from coro2cuda.frontend.infer_names import host_value
from coro2cuda.frontend.infer_places import index_of, wrong_count
from coro2cuda.frontend.infer_targets import check_writable
from coro2cuda.frontend.numbers import strong

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk


def atomic(walk: Walk, node: ast.Call, name: str) -> tree.Expression:
    """(array, index, value), or (array, index, expected, value) for compare-and-swap."""
    count = 4 if name == "atomic_cas" else 3
    if node.keywords or len(node.args) != count:
        wanted = "(array, index, expected, value)" if count == 4 else "(array, index, value)"
        called = ast.unparse(node.func)
        raise walk.refuse(node, f"{called}() takes {count} arguments in order", f"write `{called}{wanted}`")
    array = expression(walk, node.args[0])
    if not isinstance(array.type, Array):
        message = f"an atomic works on an array, not {with_article(strong(array).type)}"
        raise walk.refuse(node.args[0], message, "other tasks do not see this value: share an array")
    check_writable(walk, node.args[0], array)
    _check_atomic_element(walk, node, name, array.type.element)
    index = node.args[1]
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    if len(parts) != array.type.ndim:
        raise wrong_count(walk, index, len(parts), array.type.ndim)
    indices = [index_of(walk, part, expression(walk, part)) for part in parts]
    what = f"an element of '{ast.unparse(node.args[0])}'"
    values = [numbers.fit(expression(walk, one), array.type.element, what, wraps=True) for one in node.args[2:]]
    span = walk.source.span(node)
    return tree.Builtin(span, array.type.element, name, (array, *indices, *values))


def _check_atomic_element(walk: Walk, node: ast.AST, name: str, element: Scalar) -> None:
    if element == boolean or element.bits < 32:
        raise walk.refuse(node, f"atomics need elements of 32 or 64 bits, not {spelled(element)}", "use a wider array")
    if element.is_float and name in ("atomic_and", "atomic_or", "atomic_xor"):
        raise walk.refuse(node, f"{name}() needs integers, not {spelled(element)}", "use an integer array")


def bit_cast(walk: Walk, node: ast.Call) -> tree.Expression:
    """(type, value)."""
    called = ast.unparse(node.func)
    if node.keywords or len(node.args) != 2:
        raise walk.refuse(node, f"{called}() takes 2 arguments in order", f"write `{called}(u32, x)`")
    wanted = conversion_type(host_value(walk, node.args[0]))
    if wanted is None or wanted == boolean:
        message = f"{called}() gives an integer or a float, and `{ast.unparse(node.args[0])}` is the type of neither"
        raise walk.refuse(node.args[0], message, f"write `{called}(u32, x)`")
    found = strong(expression(walk, node.args[1]))
    if not isinstance(found.type, Scalar) or found.type == boolean:
        message = f"{called}() takes an integer or a float, not {with_article(found.type)}"
        raise walk.refuse(node.args[1], message, "give an item or an element")
    if found.type.bits != wanted.bits:
        message = f"{spelled(found.type)} has {found.type.bits} bits and {spelled(wanted)} has {wanted.bits}"
        raise walk.refuse(node, message, f"convert it first, or take a type of {found.type.bits} bits")
    return tree.Builtin(walk.source.span(node), wanted, "bit_cast", (found,))


def device_operation(walk: Walk, node: ast.Call, operation: device.Operation) -> tree.Expression:
    span, name = walk.source.span(node), f"device.{operation.name}"
    if operation.name == "option":
        (argument,) = node.args
        assert isinstance(argument, ast.Constant) and isinstance(argument.value, str), "an option is named by a literal"
        return tree.Builtin(span, dtypes.u32, f"{name}.{argument.value}", ())
    if operation.name == "address":
        place = expression(walk, node.args[0])
        assert isinstance(place, tree.LoadAddress), "address() takes a field or an element"
        return place.address
    operands: list[tree.Expression] = []
    for wanted, argument in zip(operation.operands, node.args, strict=True):
        found = expression(walk, argument)
        pointee = operands[0].type if operands else None
        operands.append(_operand(argument, found, wanted, pointee))
    result = device.result_of(operation, operands[0].type if operands else None)
    return tree.Builtin(span, result, name, tuple(operands))


def _operand(node: ast.AST, found: tree.Expression, wanted: Scalar | str, first: Type | None) -> tree.Expression:
    if wanted == device.POINTER:
        assert isinstance(found.type, Pointer), f"{ast.unparse(node)} is not a pointer"
        return found
    if wanted == device.POINTEE:
        assert isinstance(first, Pointer)
        return numbers.fit(found, first.target, "the value")
    assert isinstance(wanted, Scalar)
    return numbers.fit(found, wanted, "the operand")
