"""Attributes and subscripts: parts of arrays and tuples, and the places of device Python."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from coro2cuda.frontend import numbers, tree
from coro2cuda.frontend.diagnostics import CompileError, Span
from coro2cuda.frontend.dtypes import (
    Array,
    Pointer,
    Reference,
    Scalar,
    Struct,
    Tuple,
    Type,
    boolean,
    i64,
    spelled,
    u64,
    with_article,
)
from coro2cuda.frontend.infer_expressions import expression
from coro2cuda.frontend.infer_names import host_value, of_host
from coro2cuda.frontend.numbers import is_weak, strong
from coro2cuda.frontend.source import MISSING

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk


def attribute(walk: Walk, node: ast.Attribute) -> tree.Expression:
    found = host_value(walk, node)
    if found is not MISSING:
        made = of_host(walk, node, found)
        return strong(made) if isinstance(host_value(walk, node.value), type) else made
    base = expression(walk, node.value)
    span = walk.source.span(node)
    if isinstance(base.type, Reference):
        from coro2cuda.frontend import infer_sync

        return infer_sync.attribute(walk, node, base)
    if isinstance(base.type, Pointer) and isinstance(base.type.target, Struct):
        field = base.type.target.field(node.attr)
        if field is None:
            raise walk.refuse(node, f"{base.type.target.name} has no field '{node.attr}'", "see its fields")
        return _loaded(span, _place_pointer(field.type, base.type), base, None, field.offset)
    if isinstance(base.type, Array):
        return _array_attribute(walk, node, base, base.type)
    message = f"'.{node.attr}' is not available on {with_article(strong(base).type)}"
    raise walk.refuse(node, message, "only arrays have attributes: .shape, .ndim and .size")


def _array_attribute(walk: Walk, node: ast.Attribute, base: tree.Expression, type_of: Array) -> tree.Expression:
    span = walk.source.span(node)
    extents = tuple(tree.Extent(span, i64, base, axis) for axis in range(type_of.ndim))
    match node.attr:
        case "shape" if isinstance(base, tree.Name | tree.Captured):
            return tree.TupleDisplay(span, Tuple((i64,) * type_of.ndim), extents)
        case "ndim":
            return tree.Constant(span, i64, type_of.ndim)
        case "size" if isinstance(base, tree.Name | tree.Captured):
            total: tree.Expression = extents[0]
            for extent in extents[1:]:
                total = tree.Binary(span, i64, "mul", total, extent)
            return total
        case "shape" | "size":
            raise walk.refuse(node, f"`.{node.attr}` of an expression", "give the array a name first")
        case _:
            raise walk.refuse(node, f"arrays have no `.{node.attr}` in a coroutine",
                              "available are .shape, .ndim and .size, indexing, slices and loops")  # fmt: skip


def _place_pointer(field: Type, base: Pointer) -> Type:
    """What a field or element of a struct is: scalars and pointers are loaded."""
    return field if isinstance(field, Scalar | Pointer) else Pointer(cast(Struct, field), base.space)


def _loaded(
    span: Span, type_of: Type, base: tree.Expression, index: tree.Expression | None, offset: int
) -> tree.Expression:
    assert isinstance(base.type, Pointer)
    if isinstance(type_of, Pointer) and isinstance(type_of.target, Struct) and index is not None:
        return tree.Address(span, type_of, base, index, offset)
    place = tree.Address(span, Pointer(cast(Scalar, type_of), base.type.space), base, index, offset)
    return tree.LoadAddress(span, type_of, place)


def subscript(walk: Walk, node: ast.Subscript) -> tree.Expression:
    shape = _shape_item(walk, node)
    if shape is not None:
        return shape
    from coro2cuda.frontend.infer_lists import task_at, view

    owner = expression(walk, node.value)
    base = view(owner)
    if isinstance(owner.type, Reference) and base is not owner:
        if isinstance(node.slice, ast.Slice):
            raise walk.refuse(node, "a list cannot be sliced", "loop over its indices")
        item = _array_item(walk, node, base, cast(Array, base.type))
        return item if isinstance(owner.type.element, Scalar) else task_at(item, owner.type.element)
    match base.type:
        case Array() as array:
            return _array_item(walk, node, base, array)
        case Tuple() as items:
            return _tuple_item(walk, node, base, items)
        case Pointer() as pointer:
            index = strong(expression(walk, node.slice))
            span = walk.source.span(node)
            if isinstance(pointer.target, Struct):
                return tree.Address(span, pointer, base, index)
            return _loaded(span, pointer.target, base, index, 0)
        case _:
            message = f"{with_article(strong(base).type)} cannot be indexed"
            raise walk.refuse(node, message, "only arrays and tuples can")


def _shape_item(walk: Walk, node: ast.Subscript) -> tree.Expression | None:
    """`a.shape[1]` without making the tuple, also where `a` is an expression."""
    if not (isinstance(node.value, ast.Attribute) and node.value.attr == "shape"):
        return None
    if host_value(walk, node.value) is not MISSING:
        return None
    base, index = expression(walk, node.value.value), expression(walk, node.slice)
    if not isinstance(base.type, Array) or not is_weak(index):
        return None
    axis = numbers.value_of(index)
    if not isinstance(axis, int) or not -base.type.ndim <= axis < base.type.ndim:
        dimensions = "dimension" if base.type.ndim == 1 else "dimensions"
        message = f"there is no axis {axis}: the array has {base.type.ndim} {dimensions}"
        raise walk.refuse(node, message, "axes count from 0")
    return tree.Extent(walk.source.span(node), i64, base, axis % base.type.ndim)


def _tuple_item(walk: Walk, node: ast.Subscript, base: tree.Expression, items: Tuple) -> tree.Expression:
    span = walk.source.span(node)
    if isinstance(node.slice, ast.Slice):
        raise walk.refuse(node, "a tuple cannot be sliced", "name the items")
    index = expression(walk, node.slice)
    length = len(items.elements)
    if is_weak(index):
        position = numbers.value_of(index)
        if not isinstance(position, int) or not -length <= position < length:
            message = f"there is no item {position}: the tuple has {length}"
            raise walk.refuse(node, message, "items count from 0")
        base = strong(base)
        return tree.Item(span, cast(Tuple, base.type).elements[position % length], base, position % length)
    base = strong(base)
    kinds = set(cast(Tuple, base.type).elements)
    if len(kinds) != 1:
        message = "the items of this tuple have no common type, so the index must be a literal"
        raise walk.refuse(node, message, "unpack the tuple, or convert its items to one type")
    return tree.PickItem(span, kinds.pop(), base, _position(walk, node.slice, index))


def index_of(walk: Walk, node: ast.expr, index: tree.Expression) -> tree.Expression:
    """An index of an array, as i64."""
    if index.type == boolean:
        raise walk.refuse(node, "a bool is no index of an array: NumPy takes it as a mask", "convert it: `int(...)`")
    return _position(walk, node, index)


def _position(walk: Walk, node: ast.expr, index: tree.Expression) -> tree.Expression:
    if is_weak(index) and isinstance(numbers.value_of(index), int):
        return numbers.fit(index, i64, "the index")
    type_of = strong(index).type
    if not isinstance(type_of, Scalar) or type_of.is_float:
        raise walk.refuse(node, f"an index is an int, not {spelled(type_of)}", "convert it: `int(...)`")
    if type_of == u64:  # beyond i64 it would wrap to one that counts from the end
        most = tree.Constant(index.span, u64, i64.high)
        index = tree.Builtin(index.span, u64, "min", (index, most))
    return numbers.convert(index, i64)


def wrong_count(walk: Walk, node: ast.AST, given: int, ndim: int) -> CompileError:
    indices, dimensions = "index" if given == 1 else "indices", "dimension" if ndim == 1 else "dimensions"
    return walk.refuse(node, f"{given} {indices} for an array of {ndim} {dimensions}", f"give {ndim}")


def _array_item(walk: Walk, node: ast.Subscript, base: tree.Expression, array: Array) -> tree.Expression:
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not parts or len(parts) > array.ndim:
        raise wrong_count(walk, node, len(parts), array.ndim)
    span = walk.source.span(node)
    if len(parts) == array.ndim and not any(isinstance(part, ast.Slice) for part in parts):
        indices = tuple(index_of(walk, part, expression(walk, part)) for part in parts)
        return tree.Element(span, array.element, base, indices, walk.checked)
    items = tuple(_slice(walk, part) if isinstance(part, ast.Slice) else index_of(walk, part, expression(walk, part))
                  for part in parts)  # fmt: skip
    ndim = array.ndim - sum(not isinstance(item, tree.Range) for item in items)
    whole = not any(isinstance(item, tree.Range) for item in items)
    first_only = isinstance(items[0], tree.Range) and items[0].step is None and len(items) == 1
    view = Array(array.element, ndim, array.contiguous and (whole or first_only), array.writable)
    return tree.View(span, view, base, items, walk.checked)


def _slice(walk: Walk, node: ast.Slice) -> tree.Range:
    parts = [None if part is None else index_of(walk, part, expression(walk, part))
             for part in (node.lower, node.upper, node.step)]  # fmt: skip
    return tree.Range(*parts)
