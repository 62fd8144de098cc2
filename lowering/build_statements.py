"""Statements of the typed tree to blocks, and assignment to every kind of target."""

from __future__ import annotations

from collections.abc import Callable

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import Array, NoneValue, Reference, Tuple, i64
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering import build_arrays as arrays
from coro2cuda.lowering import build_errors as errors
from coro2cuda.lowering import build_expressions as expressions
from coro2cuda.lowering import build_gather as gathers
from coro2cuda.lowering import build_loops as loops
from coro2cuda.lowering import build_scopes as scopes
from coro2cuda.lowering import ir
from coro2cuda.lowering.builder import Builder, Cleanup, Error, LoopTargets
from coro2cuda.lowering.scan import LoopFacts, trip_count

RANGE_STEP: Error = ("ValueError", "range() arg 3 must not be zero")


def statements(b: Builder, nodes: tuple[tree.Statement, ...]) -> None:
    for node in nodes:
        statement(b, node)


def statement(b: Builder, node: tree.Statement) -> None:
    b.here = node.span
    match node:
        case tree.Assign():
            _assign(b, node)
        case tree.AugAssign():
            _augmented(b, node)
        case tree.ExpressionStatement():
            expressions.discard(b, node.value)
        case tree.If():
            _if(b, node)
        case tree.While():
            _while(b, node)
        case tree.ForRange():
            _for_range(b, node)
        case tree.ForArray():
            _for_array(b, node)
        case tree.ForTuple():
            _for_tuple(b, node)
        case tree.Break():
            errors.leave(b, b.loops[-1].depth)
            b.goto(b.loops[-1].leave)
        case tree.Continue():
            errors.leave(b, b.loops[-1].depth)
            b.goto(b.loops[-1].again)
        case tree.Timeout():
            scopes.timeout(b, node.seconds, node.span, lambda: statements(b, node.body))
        case tree.Guarded():
            _guarded(b, node)
        case tree.Return():
            _return(b, node)
        case tree.Raise():
            errors.raise_new(b, node)
        case tree.RaiseAgain():
            errors.raise_again(b, node)
        case tree.Try():
            errors.try_statement(b, node)
        case tree.Assert():
            if b.checked:
                expressions.raise_unless(b, node.test, "AssertionError", node.message, node.span)


# --- async with


def _guarded(b: Builder, node: tree.Guarded) -> None:
    """`async with`: the object is let go on every way out of the body."""
    if isinstance(node.variable.type, Reference) and node.variable.type.kind == "group":
        scopes.group(b, node, lambda: statements(b, node.body))
        return
    expressions.assign_variable(b, node.variable, node.object)
    if node.enter is not None:
        expressions.discard(b, node.enter)
    if node.leave is None:
        statements(b, node.body)
        return
    errors.try_statement(b, tree.Try(node.span, node.body, (), (), (tree.ExpressionStatement(node.span, node.leave),)))


# --- assignment


def _assign(b: Builder, node: tree.Assign) -> None:
    match node:
        case tree.Assign(targets=(tree.NameTarget(variable),)):
            expressions.assign_variable(b, variable, node.value)
        case tree.Assign(targets=(tree.TupleTarget(targets),), value=tree.TupleDisplay(items=items)):
            _assign_each(b, targets, items)
        case tree.Assign(targets=(tree.TupleTarget(targets),), value=tree.Gather() as gather) if (
            _are_names(targets) and not b.scopes  # if a child fails no name has a new value
        ):
            gathers.gather(b, gather, tuple(b.local(target.variable) for target in _names(targets)))
        case _:
            value = expressions.evaluate(b, node.value)
            for position, target in enumerate(node.targets):
                value = expressions.stable(b, value, node.targets[position:])
                store(b, target, value)


def _names(targets: tuple[tree.Target, ...]) -> list[tree.NameTarget]:
    return [target for target in targets if isinstance(target, tree.NameTarget)]


def _are_names(targets: tuple[tree.Target, ...]) -> bool:
    """Whether the targets are names, each another, so that nothing tells in which order they are assigned."""
    return len({id(target.variable) for target in _names(targets)}) == len(targets)


def _assign_each(b: Builder, targets: tuple[tree.Target, ...], items: tuple[tree.Expression, ...]) -> None:
    """`a, b = b, a` without a tuple: a value is kept if it is a variable that one of the targets may assign."""
    values = list(expressions.evaluate_all(b, items))
    simple = {id(target.variable) for target in targets if isinstance(target, tree.NameTarget)}
    for position, value in enumerate(values):
        owner = b.owner(value)
        if owner is not None and (id(owner) in simple or len(simple) < len(targets)):
            values[position] = b.keep(value)
    for target, value in zip(targets, values, strict=True):
        store(b, target, value)


def store(b: Builder, target: tree.Target, value: ir.Operand) -> None:
    """Assign a value to a target whose own parts are evaluated now."""
    match target:
        case tree.NameTarget(variable):
            b.assign(b.local(variable), value)
        case tree.TupleTarget(targets):
            for index, inner in enumerate(targets):
                into = b.local(inner.variable) if isinstance(inner, tree.NameTarget) else None
                store(b, inner, expressions.extract(b, value, index, into))
        case tree.ElementTarget():
            b.emit(ir.Store(expressions.element_address(b, target), value))
        case tree.AddressTarget(address):
            b.emit(ir.Store(expressions.evaluate(b, address), value))
        case tree.ViewTarget():
            view = expressions.view(b, target.view)
            _each_element(b, target, view, value, lambda address, item: b.emit(ir.Store(address, item)))


def _augmented(b: Builder, node: tree.AugAssign) -> None:
    match node.target:
        case tree.NameTarget(variable):
            dest = b.local(variable)
            before = expressions.stable(b, dest, [node.value])
            value = expressions.evaluate(b, node.value)
            b.assign(dest, _updated(b, node, before, value, dest))
        case tree.ElementTarget() | tree.AddressTarget():
            address = _target_address(b, node.target)
            before = arrays.load(b, address)
            b.emit(ir.Store(address, _updated(b, node, before, expressions.evaluate(b, node.value))))
        case tree.ViewTarget() as target:
            view = expressions.view(b, target.view)

            def update(address: ir.Operand, item: ir.Operand) -> None:
                b.emit(ir.Store(address, _updated(b, node, arrays.load(b, address), item)))

            _each_element(b, target, view, expressions.evaluate(b, node.value), update)
        case tree.TupleTarget():
            raise AssertionError("an augmented assignment to a tuple")


def _target_address(b: Builder, target: tree.ElementTarget | tree.AddressTarget) -> ir.Operand:
    if isinstance(target, tree.ElementTarget):
        return expressions.element_address(b, target)
    return expressions.evaluate(b, target.address)


def _updated(
    b: Builder, node: tree.AugAssign, before: ir.Operand, value: ir.Operand, dest: ir.Local | None = None
) -> ir.Operand:
    """`before op value`, done in the statement's type and converted back."""
    left, right = arithmetic.convert(b, before, node.type), arithmetic.convert(b, value, node.type)
    into = dest if dest is not None and dest.type == node.type else None
    return arithmetic.convert(b, arithmetic.binary(b, node.op, left, right, node.span, into), before.type)


def _each_element(
    b: Builder, target: tree.ViewTarget, view: ir.Local, value: ir.Operand,
    write: Callable[[ir.Operand, ir.Operand], None],
) -> None:  # fmt: skip
    """`write(address, item)` for every element of a view and the value, or the value's element, that goes there."""
    source = value if isinstance(value.type, Array) else None
    if source is not None:
        arrays.check_extents(b, view, source, target.span)
    ndim = arrays.array_type(view).ndim

    def nest(indices: list[ir.Operand]) -> None:
        if len(indices) == ndim:
            item = value if source is None else arrays.load(b, arrays.element_at(b, source, indices))
            write(arrays.element_at(b, view, indices), item)
            return
        index, length = b.temporary(i64, "index"), arrays.extent(b, view, len(indices))
        facts = LoopFacts(height=ndim - len(indices))
        count = loops.Range(index, arrays.ZERO, lambda: length, arrays.ONE)
        loops.counted(b, count, loops.plan(b, facts, None), lambda: nest([*indices, index]))

    nest([])


# --- control


def _return(b: Builder, node: tree.Return) -> None:
    value = None if node.value is None else expressions.evaluate(b, node.value)
    if isinstance(b.function.result, NoneValue):
        value = None
    elif value is not None and any(isinstance(scope, Cleanup) for scope in b.scopes):
        value = b.keep(value)  # `finally` may assign the variable
    errors.leave(b, 0)
    b.end(ir.Return(value))


def _if(b: Builder, node: tree.If) -> None:
    then, after = b.block("then"), b.block()
    orelse = b.block("else") if node.orelse else after
    expressions.branch_on(b, node.test, then, orelse)
    b.place(then)
    statements(b, node.body)
    b.goto(after)
    if node.orelse:
        b.place(orelse)
        statements(b, node.orelse)
        b.goto(after)
    b.place(after)


def _while(b: Builder, node: tree.While) -> None:
    header, body, after = b.block("while"), b.block("body"), b.block("after")
    done = b.block("else") if node.orelse else after
    b.goto(header)
    b.place(header)
    expressions.branch_on(b, node.test, body, done)
    b.place(body)
    again = b.block("again")
    b.loops.append(LoopTargets(again, after, len(b.scopes)))
    statements(b, node.body)
    b.loops.pop()
    b.goto(again)
    b.place(again)
    b.end(ir.Goto(header, bounded=not b.checked))
    if node.orelse:
        b.place(done)
        statements(b, node.orelse)
        b.goto(after)
    b.place(after)


def _orelse(b: Builder, nodes: tuple[tree.Statement, ...]) -> Callable[[], None] | None:
    return (lambda: statements(b, nodes)) if nodes else None


def _for_range(b: Builder, node: tree.ForRange) -> None:
    facts = b.facts.loops[id(node)]
    assigned = facts.assigned | {id(node.variable)}
    start, stop, step = expressions.evaluate_all(b, (node.start, node.stop, node.step))
    stop, step = _kept(b, stop, assigned, "stop"), _kept(b, step, assigned, "step")
    if b.checked:
        zero = arithmetic.compare(b, "eq", step, ir.Const(step.type, 0))
        b.raise_if(zero, RANGE_STEP, node.span)
    variable = b.local(node.variable)
    is_own = id(node.variable) not in facts.assigned
    counter = variable if is_own else b.temporary(variable.type, "counter")
    rising = is_own and isinstance(step, ir.Const) and step.value > 0 and expressions.is_non_negative(b, node.start)
    known = {id(node.variable)} - b.non_negative if rising else set()

    def body() -> None:
        b.assign(variable, counter)
        b.non_negative |= known
        statements(b, node.body)
        b.non_negative -= known

    count = loops.Range(counter, start, lambda: stop, step)
    loops.counted(b, count, loops.plan(b, facts, trip_count(node)), body, _orelse(b, node.orelse))


def _kept(b: Builder, operand: ir.Operand, assigned: set[int], role: str) -> ir.Operand:
    """The operand, copied if it is a variable that the loop assigns."""
    owner = b.owner(operand)
    return b.keep(operand, role) if owner is not None and id(owner) in assigned else operand


def _for_array(b: Builder, node: tree.ForArray) -> None:
    facts = b.facts.loops[id(node)]
    array = _kept(b, expressions.evaluate(b, node.array), facts.assigned, "array")
    type = arrays.array_type(array)
    index = b.temporary(i64, "index")

    def body() -> None:
        if type.ndim == 1:
            item = arrays.load(b, arrays.element_at(b, array, [index]))
        else:
            item = arrays.row(b, array, index, _target_array(node.target, type))
        store(b, node.target, item)
        statements(b, node.body)

    # A loop that suspends reads the extent again, since the array is in its frame anyway.
    length = None if facts.suspends else arrays.extent(b, array, 0)
    count = loops.Range(index, arrays.ZERO, lambda: length or arrays.extent(b, array, 0), arrays.ONE)
    loops.counted(b, count, loops.plan(b, facts, None), body, _orelse(b, node.orelse))


def _target_array(target: tree.Target, type: Array) -> Array:
    if isinstance(target, tree.NameTarget) and isinstance(target.variable.type, Array):
        return target.variable.type
    return Array(type.element, type.ndim - 1, type.contiguous, type.writable)


def _for_tuple(b: Builder, node: tree.ForTuple) -> None:
    facts = b.facts.loops[id(node)]
    operand = _kept(b, expressions.evaluate(b, node.operand), facts.assigned, "tuple")
    assert isinstance(operand.type, Tuple)
    elements = operand.type.elements
    index = b.temporary(i64, "index")

    def body() -> None:
        if elements:
            store(b, node.target, expressions.pick(b, operand, index, elements[0]))
        statements(b, node.body)

    length = arrays.number(len(elements))
    count = loops.Range(index, arrays.ZERO, lambda: length, arrays.ONE)
    loops.counted(b, count, loops.plan(b, facts, len(elements)), body, _orelse(b, node.orelse))
