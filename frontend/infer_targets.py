"""What stands on the left of an assignment: names, elements, views, tuples, and places of device Python."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import Array, NoneValue, Number, Scalar, Tuple, Type, spelled, with_article
from coro2cuda.frontend.infer import ResultUnknown, WalkAgain

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk


def wanted_type(walk: Walk, node: ast.expr, value: Type) -> tuple[Type, str, bool] | None:
    """The type a target asks of a value, what to call it, and whether storing wraps; None where the value decides."""
    match node:
        case ast.Name(id=name):
            if name in walk.declared:
                return walk.declared[name], f"'{name}'", True
            if name in walk.wanted.strided and isinstance(value, Array):
                return strided(value), f"'{name}'", True
            return None
        case ast.Subscript() | ast.Attribute():
            place = _place(walk, node)
            if isinstance(place, tree.Element):
                return place.type, f"an element of '{ast.unparse(node.value)}'", True
            if isinstance(place, tree.LoadAddress):
                return place.type, f"'{ast.unparse(node)}'", True
            if isinstance(place, tree.View) and isinstance(place.type, Array) and isinstance(value, Scalar | Number):
                return place.type.element, f"an element of '{ast.unparse(node.value)}'", True
    return None


def target(walk: Walk, node: ast.expr, value: tree.Expression) -> tree.Target:
    """The target of a plain assignment; binds names."""
    match node:
        case ast.Name(id=name):
            return tree.NameTarget(bind(walk, node, name, value.type))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return _tuple_target(walk, node, parts, value)
        case ast.Subscript() | ast.Attribute():
            return _stored(walk, node, value)
        case _:
            raise walk.refuse(node, "this cannot be assigned to", "assign to names, elements and slices")


def bind(walk: Walk, node: ast.AST, name: str, type: Type) -> tree.Variable:
    """The variable of this name, which now has a value of the type.

    Raises:
        CompileError: the name already has another type.
    """
    if isinstance(type, NoneValue):
        raise walk.refuse(node, f"'{name}' would be None", "only values of a type can be kept in a name")
    assert not isinstance(type, Number)
    if name in walk.error_names:
        raise walk.refuse(node, f"'{name}' names an exception elsewhere in this function", "use another name")
    if name == "_" and not walk.reads_underscore and name not in walk.declared:
        return tree.Variable(name, type)
    known = walk.variables.get(name)
    if known is None:
        known = walk.variables[name] = tree.Variable(name, walk.declared.get(name, type))
        walk.unknown.discard(name)
    if known.type != type:
        may_be_freed = not known.parameter and name not in walk.wanted.strided
        if may_be_freed and isinstance(type, Array) and strided(type) == _strided_or_none(known.type):
            walk.wanted.strided.add(name)
            raise WalkAgain
        raise walk.refuse(
            node,
            f"'{name}' is {told_apart(known.type, type)} and would become {told_apart(type, known.type)}: "
            "one name has one type",
            f"convert the value: `{spelled(known.type)}(...)`, or use another name"
            if isinstance(known.type, Scalar) else "use another name",
        )  # fmt: skip
    walk.bind(name)
    return known


def strided(type: Array) -> Array:
    """The type without the promise that the array is contiguous."""
    return Array(type.element, type.ndim, False, type.writable)


def _strided_or_none(type: Type) -> Array | None:
    return strided(type) if isinstance(type, Array) else None


def told_apart(type: Type, other: Type) -> str:
    """The type, with its layout if the other is spelled the same."""
    if not isinstance(type, Array) or spelled(type) != spelled(other):
        return spelled(type)
    kind = "read-only" if not type.writable else "strided" if not type.contiguous else "contiguous"
    return f"a {kind} {spelled(type)}"


def _tuple_target(walk: Walk, node: ast.expr, parts: list[ast.expr], value: tree.Expression) -> tree.Target:
    if not isinstance(value.type, Tuple):
        message = f"{with_article(value.type)} cannot be unpacked"
        raise walk.refuse(node, message, "only tuples can, whose length is known")
    if len(parts) != len(value.type.elements):
        message = f"{len(value.type.elements)} values cannot be unpacked into {len(parts)} targets"
        raise walk.refuse(node, message, "give as many targets as there are values")
    items = [tree.Item(value.span, type, value, index) for index, type in enumerate(value.type.elements)]
    made = []
    for part, item in zip(parts, items, strict=True):
        wanted = wanted_type(walk, part, item.type)
        if wanted is not None and wanted[0] != item.type:
            raise walk.refuse(
                part, f"{wanted[1]} is {spelled(wanted[0])} and would get {spelled(item.type)}",
                "unpack into new names and convert those",
            )  # fmt: skip
        made.append(target(walk, part, item))
    return tree.TupleTarget(tuple(made))


def _place(walk: Walk, node: ast.expr) -> tree.Expression:
    """The expression that reads the place."""
    from coro2cuda.frontend.infer_expressions import expression

    return expression(walk, node)


def _stored(walk: Walk, node: ast.expr, value: tree.Expression | None) -> tree.Target:
    place = _place(walk, node)
    match place:
        case tree.Element(span, _, array, indices, checked):
            check_writable(walk, node, array)
            return tree.ElementTarget(span, array, indices, checked)
        case tree.View(span, type, array):
            check_writable(walk, node, array)
            _check_view_value(walk, node, type, value)
            return tree.ViewTarget(span, place)
        case tree.LoadAddress(_, _, address):
            return tree.AddressTarget(address)
        case _:
            raise walk.refuse(node, f"`{ast.unparse(node)}` cannot be assigned to", "assign to elements and slices")


def _check_view_value(walk: Walk, node: ast.expr, type: Type, value: tree.Expression | None) -> None:
    assert isinstance(type, Array)
    found = None if value is None else value.type
    of_another_shape = isinstance(found, Array) and (found.element, found.ndim) != (type.element, type.ndim)
    if of_another_shape or isinstance(found, Tuple):
        assert found is not None
        raise walk.refuse(node, f"the slice is {spelled(type)} and would get {spelled(found)}",
                          "assign an array of the same element type and dimensions, or a scalar")  # fmt: skip
    if isinstance(found, Array) and value is not None and _root_name(value) == _root_name_of(node):
        raise walk.refuse(node, "an array is copied onto itself, and the slices may overlap", "write the loop out")


def _root_name(value: tree.Expression) -> str:
    while isinstance(value, tree.View):
        value = value.array
    return value.variable.name if isinstance(value, tree.Name) else ""


def _root_name_of(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else "?"


def check_writable(walk: Walk, node: ast.expr, array: tree.Expression) -> None:
    if isinstance(array.type, Array) and not array.type.writable:
        raise walk.refuse(node, "the array is read-only", "pass a writable array, or a copy of this one")


def read_type(walk: Walk, node: ast.expr) -> tuple[Type, bool]:
    """The type of an augmented assignment's target, and whether storing into it converts."""
    from coro2cuda.frontend.infer_expressions import unbound

    if isinstance(node, ast.Name):
        name = node.id
        if name in walk.unknown:
            raise ResultUnknown(walk.wanted.name)
        if name not in walk.variables or (walk.bound is not None and name not in walk.bound):
            raise unbound(walk, node, name)
        return walk.variables[name].type, name in walk.declared
    place = _place(walk, node)
    if isinstance(place, tree.Element | tree.LoadAddress):
        return place.type, True
    raise walk.refuse(node, "an operation in place is not available on a slice", "write the loop out")


def target_of_type(walk: Walk, node: ast.expr) -> tree.Target:
    """The target of an augmented assignment whose type was found by `read_type`."""
    if isinstance(node, ast.Name):
        return tree.NameTarget(walk.variables[node.id])
    return _stored(walk, node, None)
