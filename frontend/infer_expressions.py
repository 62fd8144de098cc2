"""Expressions: each gets a type, and every conversion a node."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from coro2cuda.frontend import dtypes, numbers, tree
from coro2cuda.frontend.dtypes import (
    Array,
    NoneValue,
    Pointer,
    Scalar,
    Struct,
    Tuple,
    Type,
    boolean,
    f64,
    i64,
    none,
    promote,
    spelled,
)
from coro2cuda.frontend.infer import ResultUnknown
from coro2cuda.frontend.numbers import is_weak, strong

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk

COMPARISONS: dict[type[ast.cmpop], tree.CompareOp] = {
    ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge",
}  # fmt: skip
BITWISE = ("and", "or", "xor", "shl", "shr")


def expression(walk: Walk, node: ast.expr) -> tree.Expression:
    """The typed expression; a literal stays weak (`numbers`).

    Raises:
        CompileError: it is refused.
    """
    make = _KINDS.get(type(node))
    if make is None:
        raise walk.refuse(node, f"`{ast.unparse(node)}` is not available in a coroutine")
    return make(walk, node)


def value(walk: Walk, node: ast.expr) -> tree.Expression:
    """The typed expression; a literal is int or float."""
    return strong(expression(walk, node))


# --- names and constants ---------------------------------------------------------------------------------------------


def _constant(walk: Walk, node: ast.Constant) -> tree.Expression:
    span = walk.source.span(node)
    match node.value:
        case bool():
            return tree.Constant(span, boolean, node.value)
        case int() | float():
            return numbers.weak(span, node.value)
        case None:
            return tree.Constant(span, none, None)
        case _:
            kind = {"str": "a string", "bytes": "bytes", "complex": "a complex number", "ellipsis": "`...`"}.get(
                type(node.value).__name__, "this constant"
            )
            raise walk.refuse(node, f"{kind} is not a value in a coroutine", "only print() and assert take text")


def _name(walk: Walk, node: ast.Name) -> tree.Expression:
    from coro2cuda.frontend.infer_calls import host_value

    name = node.id
    if name not in walk.locals:
        return of_host(walk, node, host_value(walk, node))
    if name in walk.unknown:
        raise ResultUnknown
    if name not in walk.variables or (walk.bound is not None and name not in walk.bound):
        raise walk.refuse(node, f"'{name}' may have no value here", f"assign '{name}' on every path before, also before "
                          "a loop that may not run")  # fmt: skip
    variable = walk.variables[name]
    return tree.Name(walk.source.span(node), variable.type, variable)


def of_host(walk: Walk, node: ast.expr, found: Any) -> tree.Expression:
    """A value of the host, bound to a closure or module name, as an expression."""
    span = walk.source.span(node)
    if isinstance(found, bool):
        return tree.Constant(span, boolean, found)
    if type(found) in (int, float):
        return numbers.weak(span, found)
    if found is None:
        return tree.Constant(span, none, None)
    if isinstance(found, tuple):
        items = tuple(strong(of_host(walk, node, item)) for item in found)
        return tree.TupleDisplay(span, Tuple(tuple(item.type for item in items)), items)
    type_of = None if isinstance(found, type) else dtypes.of_value(found)
    if isinstance(type_of, Scalar):
        return tree.Constant(span, type_of, found.item())
    if isinstance(type_of, Array) and 1 <= type_of.ndim <= 3:
        return tree.Captured(span, type_of, walk.session.capture(found))
    raise walk.refuse(node, _not_a_value(node, found), _value_hint(found))


def _not_a_value(node: ast.expr, found: Any) -> str:
    from coro2cuda.frontend.source import MISSING

    if found is MISSING:
        return f"'{ast.unparse(node)}' is not defined"
    if hasattr(found, "dtype") and hasattr(found, "shape"):
        return f"'{ast.unparse(node)}' is an array of {found.dtype}, which cannot be compiled"
    return f"'{ast.unparse(node)}' is a {type(found).__name__}, which is not a value in a coroutine"


def _value_hint(found: Any) -> str:
    if callable(found):
        return "functions can be called, not kept in names or passed on"
    return "use numbers, bools, tuples of them, or NumPy arrays of numbers in native byte order with 1 to 3 dimensions"


def _walrus(walk: Walk, node: ast.NamedExpr) -> tree.Expression:
    from coro2cuda.frontend.infer_targets import bind, wanted_type

    found = expression(walk, node.value)
    wanted = wanted_type(walk, node.target, found.type)
    found = strong(found) if wanted is None else numbers.fit(found, wanted[0], wanted[1], wraps=wanted[2])
    variable = bind(walk, node, node.target.id, found.type)
    return tree.Walrus(walk.source.span(node), found.type, variable, found)


# --- operators -------------------------------------------------------------------------------------------------------


def _binary(walk: Walk, node: ast.BinOp) -> tree.Expression:
    from coro2cuda.frontend.infer_function import OPERATORS

    op = OPERATORS[type(node.op)]
    left, right = expression(walk, node.left), expression(walk, node.right)
    span = walk.source.span(node)
    if is_weak(left) and is_weak(right):
        return numbers.fold(span, op, numbers.value_of(left), numbers.value_of(right))
    if walk.device and op == "add" and isinstance(left.type, Pointer):
        return tree.Address(span, left.type, left, strong(right))
    type_of, left, right = _operands(walk, node, op, left, right)
    return tree.Binary(span, type_of, op, left, right)


def _operands(
    walk: Walk, node: ast.AST, op: tree.BinaryOp, left: tree.Expression, right: tree.Expression
) -> tuple[Scalar, tree.Expression, tree.Expression]:
    """The type of an operation and its operands in it."""
    if not is_weak(left):
        kind = _scalar(walk, node, left, op)
        type_of, right = operate_types(walk, node, op, kind, right)
        return type_of, numbers.convert(left, type_of), right
    kind = _scalar(walk, node, right, op)
    left = numbers.adapt(left, kind)
    type_of = _operation_type(walk, node, op, cast(Scalar, left.type), kind)
    return type_of, numbers.convert(left, type_of), numbers.convert(right, type_of)


def operate_types(
    walk: Walk, node: ast.AST, op: tree.BinaryOp, left: Scalar, right: tree.Expression
) -> tuple[Scalar, tree.Expression]:
    """The type of `left op right`, where left has a machine type, and the right operand in it."""
    if is_weak(right):
        _check_literal_operand(walk, op, left, right)
        right = numbers.adapt(right, left)
    type_of = _operation_type(walk, node, op, left, _scalar(walk, node, right, op))
    return type_of, numbers.convert(right, type_of)


def _check_literal_operand(walk: Walk, op: tree.BinaryOp, left: Scalar, right: tree.Expression) -> None:
    number = numbers.value_of(right)
    refused = {"shl": "a negative shift count", "shr": "a negative shift count"}.get(op, "")
    if op == "pow" and not left.is_float and isinstance(number, int):
        refused = "an integer to a negative power is a float"
    if number < 0 and refused:
        from coro2cuda.frontend.diagnostics import CompileError

        hint = "write the base as a float: `float(...) ** ...`" if op == "pow" else "shift the other way"
        raise CompileError(refused, right.span, hint)


def _operation_type(walk: Walk, node: ast.AST, op: tree.BinaryOp, left: Scalar, right: Scalar) -> Scalar:
    if left == right == boolean and op in ("and", "or", "xor"):
        return boolean
    found = promote(left, right)
    if found is None:
        raise walk.refuse(node, f"{left.name} and {right.name} have no common integer type",
                          "convert one of them, for instance `i64(...)`")  # fmt: skip
    if op in BITWISE and found.is_float:
        raise walk.refuse(node, f"bit operations need integers, not {spelled(left)} and {spelled(right)}",
                          "convert: `int(...)`")  # fmt: skip
    return f64 if op == "truediv" and not found.is_float else found


def _scalar(walk: Walk, node: ast.AST, operand: tree.Expression, what: str) -> Scalar:
    type_of = strong(operand).type
    if isinstance(type_of, Scalar):
        return type_of
    hint = "operate on elements, in a loop" if isinstance(type_of, Array) else "operate on numbers"
    raise walk.refuse(node, f"arithmetic is not available on {_article(type_of)}", hint)


def _article(type_of: Type) -> str:
    if isinstance(type_of, NoneValue):
        return "None"
    return f"{'an array' if isinstance(type_of, Array) else 'a tuple'} ({spelled(type_of)})"


def _unary(walk: Walk, node: ast.UnaryOp) -> tree.Expression:
    span = walk.source.span(node)
    if isinstance(node.op, ast.Not):
        return tree.Unary(span, boolean, "not", condition(walk, node.operand))
    operand = expression(walk, node.operand)
    op: tree.UnaryOp = "neg" if isinstance(node.op, ast.USub) else "invert"
    if isinstance(node.op, ast.UAdd):
        kind = _scalar(walk, node, operand, "pos")
        return numbers.convert(operand, i64) if kind == boolean else operand
    if is_weak(operand):
        return numbers.fold_unary(span, op, numbers.value_of(operand))
    kind = _scalar(walk, node, operand, op)
    kind = i64 if kind == boolean else kind
    if op == "invert" and kind.is_float:
        raise walk.refuse(node, f"`~` needs an integer, not {spelled(kind)}", "convert: `int(...)`")
    return tree.Unary(span, kind, op, numbers.convert(operand, kind))


# --- truth -----------------------------------------------------------------------------------------------------------


def condition(walk: Walk, node: ast.expr) -> tree.Expression:
    """An expression asked for its truth: `and`, `or` and `not` may then mix types."""
    if isinstance(node, ast.BoolOp):
        op: Any = "and" if isinstance(node.op, ast.And) else "or"
        return tree.Boolean(walk.source.span(node), boolean, op, tuple(_shortcut(walk, node.values, condition)))
    return truth(walk, node, value(walk, node))


def _shortcut(
    walk: Walk, nodes: list[ast.expr], make: Callable[[Walk, ast.expr], tree.Expression]
) -> list[tree.Expression]:
    """Operands of `and`/`or`: a name that only a later one binds may be unbound afterwards."""
    made = [make(walk, nodes[0])]
    bound = set(walk.bound or ())
    made += [make(walk, node) for node in nodes[1:]]
    walk.bound = bound
    return made


def truth(walk: Walk, node: ast.AST, operand: tree.Expression) -> tree.Expression:
    if isinstance(operand.type, Scalar):
        return numbers.convert(operand, boolean)
    if isinstance(operand.type, Tuple):
        return tree.Constant(operand.span, boolean, bool(operand.type.elements))
    found = _article(operand.type)
    raise walk.refuse(node, f"the truth of {found} is not defined", "compare its length or an element")


def _boolean(walk: Walk, node: ast.BoolOp) -> tree.Expression:
    op: Any = "and" if isinstance(node.op, ast.And) else "or"
    values = _shortcut(walk, node.values, value)
    type_of = values[0].type
    for operand in values[1:]:
        if operand.type != type_of:
            raise walk.refuse(
                node, f"`{op}` gives {spelled(type_of)} or {spelled(operand.type)} here, and a value has one type",
                "compare or convert the operands, so that they have one type",
            )  # fmt: skip
    if not isinstance(type_of, Scalar):
        raise walk.refuse(node, f"the truth of {_article(type_of)} is not defined", "compare its length or an element")
    return tree.Boolean(walk.source.span(node), type_of, op, tuple(values))


def _compare(walk: Walk, node: ast.Compare) -> tree.Expression:
    operands = [expression(walk, node.left), expression(walk, node.comparators[0])]
    bound = set(walk.bound or ())  # what stands further right may not be evaluated
    operands += [expression(walk, item) for item in node.comparators[1:]]
    walk.bound = bound
    if all(map(is_weak, operands)):
        return _fold_compare(walk, node, operands)
    operands = _strengthen(operands)
    links = []
    for index, op in enumerate(node.ops):
        left, right = operands[index], operands[index + 1]
        links.append(tree.Link(COMPARISONS[type(op)], _compared_as(walk, node, op, left, right), right))
    return tree.Compare(walk.source.span(node), boolean, operands[0], tuple(links))


def _fold_compare(walk: Walk, node: ast.Compare, operands: list[tree.Expression]) -> tree.Expression:
    import operator

    numbers_here = [numbers.value_of(operand) for operand in operands]
    holds = all(getattr(operator, COMPARISONS[type(op)])(numbers_here[index], numbers_here[index + 1])
                for index, op in enumerate(node.ops))  # fmt: skip
    return tree.Constant(walk.source.span(node), boolean, holds)


def _strengthen(operands: list[tree.Expression]) -> list[tree.Expression]:
    """A literal takes the type of what it is compared with where it fits there; else it is compared by value."""
    made = list(operands)
    for index, operand in enumerate(operands):
        if not is_weak(operand):
            continue
        beside = operands[index - 1] if index else operands[1]
        if is_weak(beside):
            beside = next(other for other in operands if not is_weak(other))
        fits = isinstance(beside.type, Scalar) and beside.type != boolean and operand.type.fits(beside.type)  # type: ignore[union-attr]
        made[index] = numbers.constant(operand, cast(Scalar, beside.type)) if fits else strong(operand)
    return made


def _compared_as(
    walk: Walk, node: ast.AST, op: ast.cmpop, left: tree.Expression, right: tree.Expression
) -> Type | None:
    if walk.device and isinstance(left.type, Pointer) and left.type == right.type:
        return left.type
    if not isinstance(left.type, Scalar) or not isinstance(right.type, Scalar):
        found = next(operand for operand in (left, right) if not isinstance(operand.type, Scalar))
        raise walk.refuse(node, f"{_article(found.type)} cannot be compared", "compare items or elements")
    if left.type == right.type == boolean and isinstance(op, ast.Eq | ast.NotEq):
        return boolean
    return promote(left.type, right.type)


def _conditional(walk: Walk, node: ast.IfExp) -> tree.Expression:
    test = condition(walk, node.test)
    bound = set(walk.bound or ())
    then = value(walk, node.body)
    after, walk.bound = walk.bound, bound
    orelse = value(walk, node.orelse)
    walk.bound = (after or set()) & (walk.bound or set())
    if then.type != orelse.type:
        raise walk.refuse(
            node, f"this is {spelled(then.type)} on one path and {spelled(orelse.type)} on the other",
            f"convert one side, for instance `{spelled(then.type)}(...)`"
            if isinstance(then.type, Scalar) else "make both sides the same type",
        )  # fmt: skip
    return tree.Conditional(walk.source.span(node), then.type, test, then, orelse)


# --- tuples, arrays, attributes --------------------------------------------------------------------------------------


def _tuple(walk: Walk, node: ast.Tuple) -> tree.Expression:
    """Items stay weak inside a display, so that `return x, 0` can fit a declared result; `strong` settles them."""
    items = tuple(expression(walk, item) for item in node.elts)
    for item, part in zip(items, node.elts, strict=True):
        if isinstance(item.type, NoneValue):
            raise walk.refuse(part, "None cannot be an item of a tuple")
    return tree.TupleDisplay(walk.source.span(node), Tuple(tuple(item.type for item in items)), items)


def _attribute(walk: Walk, node: ast.Attribute) -> tree.Expression:
    from coro2cuda.frontend.infer_calls import host_value
    from coro2cuda.frontend.source import MISSING

    found = host_value(walk, node)
    if found is not MISSING:
        made = of_host(walk, node, found)
        return strong(made) if isinstance(host_value(walk, node.value), type) else made
    base = expression(walk, node.value)
    span = walk.source.span(node)
    if isinstance(base.type, Pointer) and isinstance(base.type.target, Struct):
        field = base.type.target.field(node.attr)
        if field is None:
            raise walk.refuse(node, f"{base.type.target.name} has no field '{node.attr}'")
        return _loaded(span, _place_pointer(field.type, base.type), base, None, field.offset)
    if isinstance(base.type, Array):
        return _array_attribute(walk, node, base, base.type)
    raise walk.refuse(node, f"'{node.attr}' is not available on {spelled(strong(base).type)}")


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


def _loaded(span: Any, type_of: Type, base: tree.Expression, index: tree.Expression | None, offset: int) -> tree.Expression:
    assert isinstance(base.type, Pointer)
    if isinstance(type_of, Pointer) and isinstance(type_of.target, Struct) and index is not None:
        return tree.Address(span, type_of, base, index, offset)
    target = type_of if isinstance(type_of, Scalar) else type_of
    place = tree.Address(span, Pointer(cast(Scalar, target), base.type.space), base, index, offset)
    return tree.LoadAddress(span, type_of, place)


def _subscript(walk: Walk, node: ast.Subscript) -> tree.Expression:
    shape = _shape_item(walk, node)
    if shape is not None:
        return shape
    base = expression(walk, node.value)
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
            raise walk.refuse(node, f"{spelled(strong(base).type)} cannot be indexed", "only arrays and tuples can")


def _shape_item(walk: Walk, node: ast.Subscript) -> tree.Expression | None:
    """`a.shape[1]` without making the tuple, also where `a` is an expression."""
    if not (isinstance(node.value, ast.Attribute) and node.value.attr == "shape"):
        return None
    from coro2cuda.frontend.infer_calls import host_value
    from coro2cuda.frontend.source import MISSING

    if host_value(walk, node.value) is not MISSING:
        return None
    base, index = expression(walk, node.value.value), expression(walk, node.slice)
    if not isinstance(base.type, Array) or not is_weak(index):
        return None
    axis = numbers.value_of(index)
    if not isinstance(axis, int) or not -base.type.ndim <= axis < base.type.ndim:
        raise walk.refuse(node, f"axis {axis} of an array of {base.type.ndim} dimensions")
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
            raise walk.refuse(node, f"index {position} of a tuple of {length}")
        base = strong(base)
        return tree.Item(span, cast(Tuple, base.type).elements[position % length], base, position % length)
    base = strong(base)
    kinds = set(cast(Tuple, base.type).elements)
    if len(kinds) != 1:
        raise walk.refuse(node, "the items of this tuple have no common type, so the index must be a literal")
    return tree.PickItem(span, kinds.pop(), base, _index(walk, node.slice, index))


def _index(walk: Walk, node: ast.expr, index: tree.Expression) -> tree.Expression:
    """An index as i64."""
    if is_weak(index) and isinstance(numbers.value_of(index), int):
        return numbers.fit(index, i64, "the index")
    type_of = strong(index).type
    if not isinstance(type_of, Scalar) or type_of.is_float:
        raise walk.refuse(node, f"an index is an int, not {spelled(type_of)}", "convert it: `int(...)`")
    return numbers.convert(index, i64)


def _array_item(walk: Walk, node: ast.Subscript, base: tree.Expression, array: Array) -> tree.Expression:
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if len(parts) > array.ndim:
        raise walk.refuse(node, f"{len(parts)} indices for an array of {array.ndim} dimensions")
    span = walk.source.span(node)
    if len(parts) == array.ndim and not any(isinstance(part, ast.Slice) for part in parts):
        indices = tuple(_index(walk, part, expression(walk, part)) for part in parts)
        return tree.Element(span, array.element, base, indices, walk.checked)
    items = tuple(_slice(walk, part) if isinstance(part, ast.Slice) else _index(walk, part, expression(walk, part))
                  for part in parts)  # fmt: skip
    ndim = array.ndim - sum(not isinstance(item, tree.Range) for item in items)
    whole = not any(isinstance(item, tree.Range) for item in items)
    first_only = isinstance(items[0], tree.Range) and items[0].step is None and len(items) == 1
    view = Array(array.element, ndim, array.contiguous and (whole or first_only), array.writable)
    return tree.View(span, view, base, items, walk.checked)


def _slice(walk: Walk, node: ast.Slice) -> tree.Range:
    parts = [None if part is None else _index(walk, part, expression(walk, part))
             for part in (node.lower, node.upper, node.step)]  # fmt: skip
    return tree.Range(*parts)


def _call(walk: Walk, node: ast.Call) -> tree.Expression:
    from coro2cuda.frontend.infer_calls import call

    return call(walk, node)


def _await(walk: Walk, node: ast.Await) -> tree.Expression:
    from coro2cuda.frontend.infer_calls import await_call

    return await_call(walk, node)


_KINDS: dict[type[ast.expr], Callable[[Any, Any], tree.Expression]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.NamedExpr: _walrus,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Tuple: _tuple,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.Await: _await,
}
