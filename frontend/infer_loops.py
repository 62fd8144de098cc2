"""`for` loops: over a range, an array, a list of tasks or a tuple, with `enumerate` too."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from coro2cuda.frontend import numbers, tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import (
    Array,
    Number,
    Reference,
    Scalar,
    Tuple,
    boolean,
    i64,
    promote,
    spelled,
    u32,
    with_article,
)
from coro2cuda.frontend.infer_names import host_value
from coro2cuda.frontend.infer_targets import bind, strided, target

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk

Body = tuple[tree.Statement, ...]
Make = Callable[[Body, Body], tree.Statement]


def iteration(walk: Walk, node: ast.For, before_target: Callable[[], None] = lambda: None) -> Make:
    """Infer what a loop iterates over and bind its target; the function returned makes the loop from its body.
    `before_target` is called between the two."""
    from coro2cuda.frontend.infer_expressions import expression
    from coro2cuda.frontend.infer_lists import held, view

    if isinstance(node.iter, ast.Call) and host_value(walk, node.iter.func) is range:
        return _range(walk, node, node.iter, before_target)
    span, operand = walk.source.span(node), numbers.strong(expression(walk, node.iter))
    owner = operand.type
    operand = view(held(operand))
    saved = set(walk.bound or ())
    before_target()
    if isinstance(owner, Reference) and isinstance(owner.element, Reference):
        return _tasks(walk, node, operand, owner.element)
    if isinstance(operand.type, Array):
        if isinstance(node.target, ast.Name) and node.target.id in walk.wanted.strided:
            operand = numbers.fit(operand, strided(operand.type), "the array")
        type = operand.type
        assert isinstance(type, Array)
        item = type.element if type.ndim == 1 else Array(type.element, type.ndim - 1, type.contiguous, type.writable)
        made = target(walk, node.target, tree.Item(span, item, operand, 0))
        walk.bound = saved
        return lambda body, orelse: tree.ForArray(span, made, operand, body, orelse)
    if isinstance(operand.type, Tuple):
        return _tuple(walk, node, operand, saved)
    raise walk.refuse(node.iter, f"{with_article(numbers.strong(operand).type)} cannot be iterated over",
                      "iterate over a range, an array or a tuple")  # fmt: skip


def counted(walk: Walk, node: ast.For) -> tuple[ast.Assign, ast.For] | None:
    """`for i, x in enumerate(a, 1):` as a counter and a loop over `a` that begins with `i = counter; counter += 1`.
    None for another loop."""
    call = node.iter
    if not isinstance(call, ast.Call) or host_value(walk, call.func) is not enumerate:
        return None
    starts = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    if not call.args or len(starts) > 1 or any(keyword.arg != "start" for keyword in call.keywords):
        raise walk.refuse(call, "enumerate() takes what to iterate over, and where to start",
                          "write `enumerate(a)` or `enumerate(a, 1)`")  # fmt: skip
    start = starts[0] if starts else ast.Constant(0)
    if not _is_whole(start):
        raise walk.refuse(start, "enumerate() starts at a whole number that is written there",
                          "start at 0, and add it in the loop")  # fmt: skip
    if not isinstance(node.target, ast.Tuple) or len(node.target.elts) != 2:
        raise walk.refuse(node.target, "enumerate() gives two values", "write `for i, x in enumerate(a):`")
    parts = list(ast.walk(node.target))
    names = [part.id for part in parts if isinstance(part, ast.Name)]
    if len(names) != len(set(names)) or any(isinstance(part, ast.Subscript | ast.Attribute) for part in parts):
        raise walk.refuse(node.target, "the targets of enumerate() are different names",
                          "assign what you need in the body")  # fmt: skip
    index, item = node.target.elts
    counter = f"%counter.{node.lineno}.{node.col_offset}"  # of this loop: they nest
    walk.locals.add(counter)
    first = ast.Assign([index], ast.Name(counter, ast.Load()))
    step = ast.AugAssign(ast.Name(counter, ast.Store()), ast.Add(), ast.Constant(1))
    zero = ast.Assign([ast.Name(counter, ast.Store())], start)
    loop = ast.For(item, call.args[0], [first, step, *node.body], node.orelse)
    made = [ast.fix_missing_locations(ast.copy_location(one, node)) for one in (zero, loop)]
    assert isinstance(made[0], ast.Assign) and isinstance(made[1], ast.For)
    return made[0], made[1]


def _is_whole(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) is int


def _tasks(walk: Walk, node: ast.For, operand: tree.Expression, element: Reference) -> Make:
    """Over a list of tasks: the handles one by one, each made a task before the body."""
    from coro2cuda.frontend.infer_lists import task_at

    span, saved = walk.source.span(node), set(walk.bound or ())
    handle = tree.Variable("%handle", u32)
    task = task_at(tree.Name(span, u32, handle), element)
    made = target(walk, node.target, task)
    walk.bound = saved
    first = tree.Assign(span, (made,), task)
    return lambda body, orelse: tree.ForArray(span, tree.NameTarget(handle), operand, (first, *body), orelse)


def _tuple(walk: Walk, node: ast.For, operand: tree.Expression, saved: set[str]) -> Make:
    assert isinstance(operand.type, Tuple)
    kinds = set(operand.type.elements)
    if len(kinds) != 1:
        raise walk.refuse(node.iter, "the items of this tuple have no common type" if kinds else "this tuple is empty",
                          "a loop variable has one type: unpack the tuple instead")  # fmt: skip
    span = walk.source.span(node)
    made = target(walk, node.target, tree.Item(span, kinds.pop(), operand, 0))
    walk.bound = saved
    return lambda body, orelse: tree.ForTuple(span, made, operand, body, orelse)


def _range(walk: Walk, node: ast.For, call: ast.Call, before_target: Callable[[], None]) -> Make:
    from coro2cuda.frontend.infer_expressions import expression

    if call.keywords or not 1 <= len(call.args) <= 3:
        raise walk.refuse(call, "range() takes one to three arguments", "write range(start, stop, step)")
    if not isinstance(node.target, ast.Name):
        message = "the target of a loop over a range is one name"
        raise walk.refuse(node.target, message, "assign what you need in the body")
    span = walk.source.span(call)
    given = [expression(walk, argument) for argument in call.args]
    type = _bound_type(walk, call, given, node.target.id)
    bounds = [_bound(bound, type) for bound in given]
    one, zero = tree.Constant(span, type, 1), tree.Constant(span, type, 0)
    if len(bounds) == 1:
        bounds.insert(0, zero)
    start, stop, step = (*bounds, one)[:3]
    saved = set(walk.bound or ())
    before_target()
    variable = bind(walk, node.target, node.target.id, type)
    walk.bound = saved
    where = walk.source.span(node)
    return lambda body, orelse: tree.ForRange(where, variable, start, stop, step, body, orelse)


def _bound(given: tree.Expression, type: Scalar) -> tree.Expression:
    if isinstance(given.type, Number) and not given.type.fits(type):
        raise CompileError(
            f"{given.type.value} does not fit the type of the loop, {spelled(type)}",
            given.span,
            "convert the other bounds: `int(...)`",
        )
    return numbers.fit(given, type, "a bound of the range")


def _bound_type(walk: Walk, call: ast.Call, given: list[tree.Expression], name: str) -> Scalar:
    """The loop variable's type: what the bounds promote to; of literals only, what it is declared, or int."""
    declared = walk.declared.get(name)
    type: Scalar | None = declared if isinstance(declared, Scalar) and declared.is_integer else None
    for bound, argument in zip(given, call.args, strict=True):
        if numbers.is_weak(bound) and isinstance(numbers.value_of(bound), int):
            continue
        if not isinstance(bound.type, Scalar) or bound.type.is_float:
            found = spelled(numbers.strong(bound).type)
            raise walk.refuse(argument, f"a bound of a range is int, not {found}", "convert it: `int(...)`")
        found_type = i64 if bound.type == boolean else bound.type
        joined = found_type if type is None else promote(type, found_type)
        if joined is None:
            raise walk.refuse(call, "the bounds mix a signed type and u64", "convert one of them")
        type = joined
    return type or i64
