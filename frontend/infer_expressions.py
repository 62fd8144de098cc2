"""Expressions: each gets a type, and every conversion a node."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from coro2cuda.frontend import numbers, tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import (
    Array,
    NoneValue,
    Number,
    Pointer,
    Reference,
    Scalar,
    Tuple,
    Type,
    boolean,
    f64,
    i64,
    none,
    promote,
    spelled,
    with_article,
)
from coro2cuda.frontend.infer import ResultUnknown
from coro2cuda.frontend.infer_names import host_value, of_host
from coro2cuda.frontend.numbers import is_weak, strong
from coro2cuda.frontend.source import MISSING
from coro2cuda.frontend.syntax import LISTS

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
        is_text = isinstance(node, ast.JoinedStr)
        hint = "only print() and exceptions take f-strings" if is_text else "use what docs/language.md lists"
        raise walk.refuse(node, f"`{ast.unparse(node)}` is not available in a coroutine", hint)
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
            message, hint = _NOT_A_VALUE.get(type(node.value).__name__, ("this constant", "use a number"))
            raise walk.refuse(node, f"{message} is not a value in a coroutine", hint)


_NOT_A_VALUE = {
    "str": ("a string", "only print(), assert and exceptions take text, written there"),
    "bytes": ("a bytes object", "pass a u8 array"),
    "complex": ("a complex number", "keep the real and the imaginary part in two floats"),
    "ellipsis": ("`...`", "write `pass` for an empty body, and `:` for whole axes"),
}


def _name(walk: Walk, node: ast.Name) -> tree.Expression:
    name = node.id
    if name not in walk.locals:
        return of_host(walk, node, host_value(walk, node))
    if name in walk.error_names and name not in walk.variables:
        from coro2cuda.frontend.infer_errors import not_a_value

        raise not_a_value(walk, node)
    if name in walk.unknown:
        raise ResultUnknown(walk.wanted.name)
    if name in walk.untyped_lists and name not in walk.variables:
        from coro2cuda.frontend.infer_lists import unknown_list

        raise unknown_list(walk, node, name)
    if name not in walk.variables or (walk.bound is not None and name not in walk.bound):
        raise unbound(walk, node, name)
    variable = walk.variables[name]
    return tree.Name(walk.source.span(node), variable.type, variable)


def unbound(walk: Walk, node: ast.AST, name: str) -> CompileError:
    """A local name is read where it may have no value."""
    if name not in walk.variables and walk.source.lookup(name) is not MISSING:
        message = f"'{name}' is assigned in this function, so it is not the '{name}' outside, and has no value here"
        return walk.refuse(node, message, "use another name; tasks share only what is in arrays")
    hint = f"assign '{name}' on every path before, also before a loop that may not run"
    return walk.refuse(node, f"'{name}' may have no value here", hint)


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
    type_of, left, right = operands(walk, node, op, left, right)
    return tree.Binary(span, type_of, op, left, right)


def operands(
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
    if isinstance(type_of, Reference) and type_of.kind == "task":
        hint = "await the task: that gives its result"
    raise walk.refuse(node, f"arithmetic is not available on {_article(type_of)}", hint)


def _article(type_of: Type) -> str:
    if isinstance(type_of, NoneValue | Reference):
        return with_article(type_of)
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


class Flow(NamedTuple):
    """The names that are surely bound after a condition that held, and after one that failed."""

    held: set[str]
    failed: set[str]


def condition(walk: Walk, node: ast.expr) -> tree.Expression:
    """An expression asked for its truth: `and`, `or` and `not` may then mix types."""
    test, flow = decide(walk, node)
    walk.bound = flow.held & flow.failed
    return test


def decide(walk: Walk, node: ast.expr) -> tuple[tree.Expression, Flow]:
    """A condition, and what it binds on either way out: `if n and (m := f(n)):` has an m in its body."""
    match node:
        case ast.BoolOp():
            return _decide_operands(walk, node)
        case ast.UnaryOp(op=ast.Not()):
            test, flow = decide(walk, node.operand)
            return tree.Unary(walk.source.span(node), boolean, "not", test), Flow(flow.failed, flow.held)
        case ast.Compare():
            test, held = _compare(walk, node)
            return test, Flow(held, set(walk.bound or ()))
        case _:
            test = truth(walk, node, value(walk, node))
            return test, Flow(set(walk.bound or ()), set(walk.bound or ()))


def _decide_operands(walk: Walk, node: ast.BoolOp) -> tuple[tree.Expression, Flow]:
    """Each operand is reached if the one before held (`and`) or failed (`or`); the first that decides ends it."""
    is_and = isinstance(node.op, ast.And)
    tests, early = [], None
    for operand in node.values:
        test, flow = decide(walk, operand)
        tests.append(test)
        ends, walk.bound = (flow.failed, flow.held) if is_and else (flow.held, flow.failed)
        early = ends if early is None else early & ends
    onward, early = set(walk.bound or ()), early or set()
    made = tree.Boolean(walk.source.span(node), boolean, "and" if is_and else "or", tuple(tests))
    return made, Flow(onward, early) if is_and else Flow(early, onward)


def truth(walk: Walk, node: ast.AST, operand: tree.Expression) -> tree.Expression:
    if isinstance(operand.type, Scalar):
        return numbers.convert(operand, boolean)
    if isinstance(operand.type, Tuple):
        return tree.Constant(operand.span, boolean, bool(operand.type.elements))
    found = _article(operand.type)
    if isinstance(operand.type, Reference):
        question = {"event": "is_set", "queue": "empty", "task": "done"}.get(operand.type.kind, "locked")
        shown = ast.unparse(node)
        raise walk.refuse(node, f"{found} is neither true nor false", f"ask it: `{shown}.{question}()`")
    raise walk.refuse(node, f"the truth of {found} is not defined", "compare its length or an element")


def _boolean(walk: Walk, node: ast.BoolOp) -> tree.Expression:
    op: Any = "and" if isinstance(node.op, ast.And) else "or"
    values = [value(walk, node.values[0])]
    bound = set(walk.bound or ())
    values += [value(walk, operand) for operand in node.values[1:]]
    walk.bound = bound  # what stands further right may not be evaluated
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


def _comparison(walk: Walk, node: ast.Compare) -> tree.Expression:
    return _compare(walk, node)[0]


def _compare(walk: Walk, node: ast.Compare) -> tuple[tree.Expression, set[str]]:
    """The comparison, and the names bound if it holds."""
    operands = [expression(walk, node.left), expression(walk, node.comparators[0])]
    bound = set(walk.bound or ())  # what stands further right may not be evaluated
    operands += [expression(walk, item) for item in node.comparators[1:]]
    held, walk.bound = set(walk.bound or ()), bound
    if all(map(is_weak, operands)):
        return _fold_compare(walk, node, operands), held
    operands = _strengthen(operands)
    links = []
    for index, op in enumerate(node.ops):
        left, right = operands[index], operands[index + 1]
        links.append(tree.Link(COMPARISONS[type(op)], _compared_as(walk, node, op, left, right), right))
    return tree.Compare(walk.source.span(node), boolean, operands[0], tuple(links)), held


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
        hint = "compare items or elements"
        if isinstance(found.type, Reference) and found.type.kind != "list":
            hint = "keep a number that tells which one it is"
        raise walk.refuse(node, f"{_article(found.type)} cannot be compared", hint)
    if left.type == right.type == boolean and isinstance(op, ast.Eq | ast.NotEq):
        return boolean
    return promote(left.type, right.type)


def _conditional(walk: Walk, node: ast.IfExp) -> tree.Expression:
    test, then, orelse = _arms(walk, node, expression)
    literal, other = (then, orelse) if is_weak(then) else (orelse, then)
    then, orelse = strong(then), strong(orelse)
    if then.type != orelse.type:
        hint = "make both sides the same type"
        if isinstance(then.type, Scalar):
            hint = f"convert one side, for instance `{spelled(then.type)}(...)`"
        if isinstance(literal.type, Number) and isinstance(other.type, Scalar) and literal.type.fits(other.type):
            hint = f"write `{spelled(other.type)}({numbers.value_of(literal)})`"
        message = f"this is {spelled(then.type)} on one path and {spelled(orelse.type)} on the other"
        raise walk.refuse(node, message, hint)
    return tree.Conditional(walk.source.span(node), then.type, test, then, orelse)


def _arms(
    walk: Walk, node: ast.IfExp, make: Callable[[Walk, ast.expr], tree.Expression]
) -> tuple[tree.Expression, tree.Expression, tree.Expression]:
    """The condition of a ternary and its two values."""
    test, flow = decide(walk, node.test)
    walk.bound = flow.held
    then = make(walk, node.body)
    after, walk.bound = walk.bound, flow.failed
    orelse = make(walk, node.orelse)
    walk.bound = (after or set()) & (walk.bound or set())
    return test, then, orelse


def declared_as(walk: Walk, node: ast.expr, type: Type, what: str, *, wraps: bool = False) -> tree.Expression:
    """The expression where a type is declared (`numbers.fit`). A ternary fits arm by arm: a literal takes the type."""
    if not isinstance(node, ast.IfExp):
        return numbers.fit(expression(walk, node), type, what, wraps=wraps)
    arms = _arms(walk, node, lambda walk, arm: declared_as(walk, arm, type, what, wraps=wraps))
    return tree.Conditional(walk.source.span(node), type, *arms)


# --- displays, and what other modules infer --------------------------------------------------------------------------


def _tuple(walk: Walk, node: ast.Tuple) -> tree.Expression:
    """Items stay weak inside a display, so that `return x, 0` can fit a declared result; `strong` settles them."""
    items = tuple(expression(walk, item) for item in node.elts)
    for item, part in zip(items, node.elts, strict=True):
        if isinstance(item.type, NoneValue):
            raise walk.refuse(part, "None cannot be an item of a tuple", "use a number that stands for it")
        if isinstance(item.type, Reference) and node is not walk.unpacked:
            raise walk.refuse(part, f"{with_article(item.type)} cannot be an item of a tuple",
                              "give each object a name of its own")  # fmt: skip
    return tree.TupleDisplay(walk.source.span(node), Tuple(tuple(item.type for item in items)), items)


def _attribute(walk: Walk, node: ast.Attribute) -> tree.Expression:
    from coro2cuda.frontend.infer_places import attribute

    return attribute(walk, node)


def _subscript(walk: Walk, node: ast.Subscript) -> tree.Expression:
    from coro2cuda.frontend.infer_places import subscript

    return subscript(walk, node)


def _call(walk: Walk, node: ast.Call) -> tree.Expression:
    from coro2cuda.frontend.infer_calls import call

    return call(walk, node)


def _await(walk: Walk, node: ast.Await) -> tree.Expression:
    from coro2cuda.frontend.infer_awaits import await_call

    return await_call(walk, node)


def _comprehension(walk: Walk, node: ast.ListComp) -> tree.Expression:
    from coro2cuda.frontend.infer_lists import task_list

    tasks = task_list(walk, node)
    if tasks is None:
        raise walk.refuse(node, "a list comprehension makes a list of tasks, and nothing else", LISTS)
    return tasks


_KINDS: dict[type[ast.expr], Callable[[Any, Any], tree.Expression]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.NamedExpr: _walrus,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _comparison,
    ast.IfExp: _conditional,
    ast.Tuple: _tuple,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.Await: _await,
    ast.ListComp: _comprehension,
}
