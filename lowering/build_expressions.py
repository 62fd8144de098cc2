"""Expressions of the typed tree to ops: strict left-to-right evaluation, and control flow for what short-circuits.

`evaluate` returns the operand that holds the value: a user's variable itself, not a copy, since one that lives across
an await costs frame space. Only where a later operand assigns the variable (a walrus) is its value kept first.

A destination passed as `into` is written by the last op of the expression, after all operands were read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from coro2cuda.frontend import tree
from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Array, NoneValue, Pointer, Reference, Scalar, Struct, Tuple, Type, i64, u32
from coro2cuda.lowering import abi, ir
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering import build_arrays as arrays
from coro2cuda.lowering import build_gather as gathers
from coro2cuda.lowering import build_lists as lists
from coro2cuda.lowering import build_loops as loops
from coro2cuda.lowering import build_scopes as scopes
from coro2cuda.lowering import build_sync as sync
from coro2cuda.lowering import build_tasks as tasks
from coro2cuda.lowering.builder import FALSE, TRUE, Builder
from coro2cuda.lowering.scan import LoopFacts, walruses

PURE_DEVICE = (
    "lane_id",
    "popcount",
    "find_first",
    "count_leading_zeros",
    "warp_size",
    "states",
    "frame_size",
    "option",
)
ADDED_TO = ("device.fetch_add", "device.fetch_sub")  # nobody need wait for what was there


def evaluate(b: Builder, node: tree.Expression, into: ir.Local | None = None) -> ir.Operand:
    """The value of an expression."""
    match node:
        case tree.Name():
            return ir.Const(node.type, None) if isinstance(node.type, NoneValue) else b.local(node.variable)
        case tree.Constant():
            return ir.Const(node.type, node.value)
        case tree.Binary():
            return _binary(b, node, into)
        case tree.Convert():
            return _convert(b, node, into)
        case tree.Compare() | tree.Boolean() | tree.Conditional():
            return _decide(b, node, into)
        case tree.Element():
            return arrays.load(b, element_address(b, node), into)
        case tree.Unary():
            return arithmetic.unary(b, node.op, evaluate(b, node.operand), into)
        case tree.Call() | tree.Await():
            return _call(b, node, into)
        case tree.Gather() | tree.GatherEach():
            return gathers.gathered(b, node, into)
        case tree.CreateTask():
            return tasks.create_task(b, node, into)
        case tree.TaskList():
            return lists.task_list(b, node)
        case tree.EmptyList():
            return lists.empty_list(b, node)
        case tree.Append():
            return lists.append(b, node)
        case tree.JoinAll():
            return lists.join_all(b, node)
        case tree.GatherTasks():
            return lists.join_each(b, node, into)
        case tree.ListView():
            return lists.elements(b, evaluate(b, node.operand))
        case tree.Builtin():
            return _builtin(b, node, into)
        case tree.Walrus():
            return assign_variable(b, node.variable, node.value)
        case tree.TupleDisplay() | tree.Item() | tree.PickItem():
            return _tuple(b, node, into)
        case tree.Captured():
            return ir.Uniform(node.index, node.type)
        case tree.View() | tree.Extent():
            return _array(b, node, into)
        case tree.Address() | tree.LoadAddress():
            return _address(b, node, into)
        case tree.Print():
            return _print(b, node)
        case tree.MakeObject():
            return sync.make(b, node, evaluate, into)
        case tree.Operation():
            return sync.operate(b, node, evaluate, into)
        case tree.Wait():
            return sync.wait(b, node, evaluate, into)
        case tree.WaitFor():
            return scopes.wait_for(b, node)
        case tree.Reschedule():
            resume = b.block("resume")
            b.end(ir.Reschedule(resume, node.span))
            b.place(resume)
            scopes.poll(b, node.span)
            return ir.Const(node.type, None)


def evaluate_all(b: Builder, nodes: Sequence[tree.Expression]) -> tuple[ir.Operand, ...]:
    """Several expressions, left to right, each value as it was when it was evaluated."""
    return tuple(stable(b, evaluate(b, node), nodes[position + 1 :]) for position, node in enumerate(nodes))


def stable(b: Builder, operand: ir.Operand, later: Iterable[object]) -> ir.Operand:
    """The operand, or a copy of it if what is evaluated later assigns it."""
    owner = b.owner(operand)
    if owner is None or id(owner) not in b.facts.walrused:
        return operand
    return b.keep(operand) if any(id(owner) in walruses(node) for node in later) else operand


def assign_variable(b: Builder, variable: tree.Variable, value: tree.Expression) -> ir.Operand:
    dest = b.local(variable)
    operand = evaluate(b, value, dest)
    b.assign(dest, operand)
    return operand if isinstance(variable.type, NoneValue) else dest


def discard(b: Builder, node: tree.Expression) -> None:
    """An expression for its effects only."""
    match node:
        case tree.Await():
            _await(b, node, None)
        case tree.Gather():
            gathers.gather(b, node, (None,) * len(node.calls))
        case tree.Builtin(name=name) if name.startswith("atomic_"):
            _atomic(b, node, None)
        case tree.Builtin(name=name) if name in ADDED_TO:
            b.emit(ir.Intrinsic(None, name, evaluate_all(b, node.arguments), pure=False))
        case _:
            evaluate(b, node)


# --- operators


def _binary(b: Builder, node: tree.Binary, into: ir.Local | None) -> ir.Operand:
    left, right = evaluate_all(b, (node.left, node.right))
    if node.op == "truediv" and _was_integer(node.left) and _was_integer(node.right):
        arithmetic.check_divisor(b, right, arithmetic.INTEGER_RATIO, node.span)
        return arithmetic.compute(b, "truediv", left, right, into)
    return arithmetic.binary(b, node.op, left, right, node.span, into)


def _was_integer(node: tree.Expression) -> bool:
    source = node.operand.type if isinstance(node, tree.Convert) else node.type
    return isinstance(source, Scalar) and not source.is_float


def _convert(b: Builder, node: tree.Convert, into: ir.Local | None) -> ir.Operand:
    operand = evaluate(b, node.operand)
    if isinstance(node.type, Reference):
        dest = into or b.temporary(node.type, "task")
        b.emit(ir.Convert(dest, operand))
        return dest
    if node.checked and isinstance(node.type, Scalar):
        return arithmetic.integer(b, operand, node.type, node.span, into)
    return arithmetic.convert(b, operand, node.type, into)


def link(b: Builder, left: ir.Operand, right: ir.Operand, step: tree.Link, into: ir.Local | None = None) -> ir.Operand:
    """One comparison of a chain."""
    if step.type is not None:
        left, right = arithmetic.convert(b, left, step.type), arithmetic.convert(b, right, step.type)
    return arithmetic.compare(b, step.op, left, right, into)


# --- decisions


def branch_on(b: Builder, test: tree.Expression, then: int, orelse: int) -> None:
    """Evaluate a condition and go to one of two blocks."""
    match test:
        case tree.Unary(op="not"):
            branch_on(b, test.operand, orelse, then)
        case tree.Boolean():
            for value in test.values[:-1]:
                onward = b.block()
                branch_on(b, value, *((onward, orelse) if test.op == "and" else (then, onward)))
                b.place(onward)
            branch_on(b, test.values[-1], then, orelse)
        case tree.Compare(links=links) if len(links) > 1:
            _chain(b, test, then, orelse)
        case _:
            b.branch(arithmetic.truth(b, evaluate(b, test)), then, orelse)


def _chain(b: Builder, node: tree.Compare, then: int, orelse: int) -> None:
    left = evaluate(b, node.first)
    for position, step in enumerate(node.links):
        rest = node.links[position + 1 :]
        left = stable(b, left, [step])
        right = evaluate(b, step.right)
        onward = b.block() if rest else then
        b.branch(link(b, left, right, step), onward, orelse)
        if rest:
            b.place(onward)
            left = right


def _decide(b: Builder, node: tree.Compare | tree.Boolean | tree.Conditional, into: ir.Local | None) -> ir.Operand:
    if isinstance(node, tree.Boolean):
        return _deciding_value(b, node)
    if isinstance(node, tree.Compare) and len(node.links) == 1:
        left, right = evaluate_all(b, (node.first, node.links[0].right))
        return link(b, left, right, node.links[0], into)
    dest = into or b.temporary(node.type)
    then, orelse, after = b.block("then"), b.block("else"), b.block()
    if isinstance(node, tree.Conditional):
        branch_on(b, node.test, then, orelse)
    else:
        _chain(b, node, then, orelse)
    for block, value in ((then, getattr(node, "then", TRUE)), (orelse, getattr(node, "orelse", FALSE))):
        b.place(block)
        b.assign(dest, value if isinstance(value, ir.Const) else evaluate(b, value, dest))
        b.goto(after)
    b.place(after)
    return ir.Const(node.type, None) if isinstance(node.type, NoneValue) else dest


def _deciding_value(b: Builder, node: tree.Boolean) -> ir.Operand:
    """The destination is written before later values are evaluated, so it is never the user's variable."""
    dest, after = b.temporary(node.type), b.block()
    for value in node.values[:-1]:
        operand = evaluate(b, value)
        b.assign(dest, operand)
        onward = b.block()
        b.branch(arithmetic.truth(b, operand), *((onward, after) if node.op == "and" else (after, onward)))
        b.place(onward)
    b.assign(dest, evaluate(b, node.values[-1]))
    b.goto(after)
    b.place(after)
    return dest


# --- calls


def _call(b: Builder, node: tree.Call | tree.Await, into: ir.Local | None) -> ir.Operand:
    dest = None if isinstance(node.type, NoneValue) else into or b.temporary(node.type, "result")
    if isinstance(node, tree.Await):
        _await(b, node, dest)
    else:
        _plain_call(b, node, dest)
    return dest or ir.Const(node.type, None)


def _plain_call(b: Builder, node: tree.Call, dest: ir.Local | None) -> None:
    """Whether the callee raises is known when all functions are built; if not, `build` makes the error a constant."""
    arguments, passing = evaluate_all(b, node.arguments), b.passing_block(node.span)
    if passing is None:
        b.emit(ir.Call(dest, node.function, arguments, place=b.place_of(node.span)))
        return
    landing, error = passing
    result = None if dest is None else b.temporary(dest.type, "result")
    b.emit(ir.Call(result, node.function, arguments, error=error))
    cold, fine, ended = b.block("failed"), b.block(), b.block("stop")
    b.branch(arithmetic.compare(b, "ne", error, ir.Const(u32, 0)), cold, fine, rare=True)
    with b.aside(cold):
        b.branch(arithmetic.compare(b, "eq", error, ir.Const(u32, abi.STOP_IN_FLIGHT)), ended, landing)
        b.place(ended)
        b.end(ir.Stop())
    b.place(fine)
    if dest is not None and result is not None:
        b.assign(dest, result)  # a variable keeps its value if the callee fails


def _await(b: Builder, node: tree.Await, dest: ir.Local | None) -> None:
    arguments, resume = evaluate_all(b, node.arguments), b.block("resume")
    b.end(ir.Await(dest, node.coroutine, arguments, resume, node.span, *b.unwinding(node.span)))
    b.place(resume)


def _print(b: Builder, node: tree.Print) -> ir.Operand:
    parts: list[str | Type] = []
    values: list[ir.Operand] = []
    expressions = [part for part in node.parts if not isinstance(part, str)]
    operands = iter(evaluate_all(b, expressions))
    for part in node.parts:
        if isinstance(part, str):
            parts.append(part)
        else:
            _printed(b, next(operands), parts, values)
    b.emit(ir.Print(b.format(tuple(parts)), tuple(values)))
    return ir.Const(node.type, None)


def _printed(b: Builder, operand: ir.Operand, parts: list[str | Type], values: list[ir.Operand]) -> None:
    """A tuple is printed as its items, with Python's punctuation."""
    if isinstance(operand.type, NoneValue):
        parts.append("None")
    elif isinstance(operand.type, Tuple):
        for position in range(len(operand.type.elements)):
            parts.append(", " if position else "(")
            _printed(b, extract(b, operand, position), parts, values)
        parts.append({0: "()", 1: ",)"}.get(len(operand.type.elements), ")"))
    else:
        parts.append(operand.type)
        values.append(operand)


def _builtin(b: Builder, node: tree.Builtin, into: ir.Local | None) -> ir.Operand:
    name, prefix = node.name, node.name.partition(".")[0]
    if prefix == "device":
        return _device(b, node, into)
    if name.startswith("atomic_"):
        return _atomic(b, node, into or b.temporary(node.type))
    arguments = evaluate_all(b, node.arguments)
    match name:
        case "min" | "max":
            fold = arithmetic.least if name == "min" else arithmetic.greatest
            best = arguments[0]
            for argument in arguments[1:]:
                best = fold(b, best, argument)
            return best
        case "abs":
            return arithmetic.magnitude(b, arguments[0], into)
        case "round":
            return arithmetic.rounded(b, arguments[0], _scalar(node.type), node.span, into)
        case "divmod":
            dest = into or b.temporary(node.type)
            b.emit(ir.Pack(dest, arithmetic.remainder_pair(b, arguments[0], arguments[1], node.span)))
            return dest
        case "sum":
            return _sum(b, arguments[0], _scalar(node.type))
        case "bit_cast":
            return arithmetic.intrinsic(b, name, _scalar(node.type), *arguments, into=into)
        case _:
            return arithmetic.function(b, name.removeprefix("math."), node.type, arguments, node.span, into)


def _scalar(type: Type) -> Scalar:
    assert isinstance(type, Scalar), type
    return type


def _sum(b: Builder, array: ir.Operand, type: Scalar) -> ir.Operand:
    """`total += element`, in order, from zero."""
    total, index = b.temporary(type, "total"), b.temporary(i64, "index")
    b.assign(total, ir.Const(type, 0.0 if type.is_float else 0))

    def add() -> None:
        value = arrays.load(b, arrays.element_at(b, array, [index]))
        arithmetic.compute(b, "add", total, arithmetic.convert(b, value, type), total)

    length = arrays.extent(b, array, 0)
    count = loops.Range(index, arrays.ZERO, lambda: length, arrays.ONE)
    loops.counted(b, count, loops.plan(b, LoopFacts(), None), add)
    return total


def _atomic(b: Builder, node: tree.Builtin, dest: ir.Local | None) -> ir.Operand:
    op = node.name.removeprefix("atomic_")
    nodes, operands = node.arguments, evaluate_all(b, node.arguments)
    ndim = arrays.array_type(operands[0]).ndim
    indices = tuple(index_of(b, nodes[axis], operands[axis]) for axis in range(1, ndim + 1))
    address = arrays.element(b, operands[0], indices, True, node.span)
    expected = operands[ndim + 1] if op == "cas" else None
    b.emit(ir.Atomic(dest, _ATOMICS[op], address, operands[-1], expected))
    return dest or ir.Const(NoneValue(), None)


_ATOMICS: dict[str, ir.AtomicOp] = {
    "add": "add",
    "sub": "sub",
    "min": "min",
    "max": "max",
    "and": "and",
    "or": "or",
    "xor": "xor",
    "exchange": "exchange",
    "cas": "cas",
}


# --- tuples


def extract(b: Builder, operand: ir.Operand, index: int, into: ir.Local | None = None) -> ir.Operand:
    assert isinstance(operand.type, Tuple)
    type = operand.type.elements[index]
    if isinstance(operand, ir.Const):
        return ir.Const(type, operand.value[index])
    dest = into or b.temporary(type)
    b.emit(ir.Extract(dest, operand, index))
    return dest


def _tuple(b: Builder, node: tree.TupleDisplay | tree.Item | tree.PickItem, into: ir.Local | None) -> ir.Operand:
    match node:
        case tree.TupleDisplay():
            items = evaluate_all(b, node.items)
            dest = into or b.temporary(node.type)
            b.emit(ir.Pack(dest, items))
            return dest
        case tree.Item():
            return extract(b, evaluate(b, node.operand), node.index, into)
        case tree.PickItem():
            operand, position = evaluate_all(b, (node.operand, node.index))
            assert isinstance(operand.type, Tuple)
            length = arrays.number(len(operand.type.elements))
            index = index_of(b, node.index, position)
            return pick(b, operand, arrays.within(b, index, length, arrays.TUPLE_INDEX, node.span), node.type)


def pick(b: Builder, operand: ir.Operand, index: ir.Operand, type: Type) -> ir.Operand:
    """The item at an index known to be in range."""
    assert isinstance(operand.type, Tuple)
    if not operand.type.elements:
        return b.temporary(type)
    chosen = extract(b, operand, 0)
    for position in range(1, len(operand.type.elements)):
        here = arithmetic.compare(b, "eq", index, arrays.number(position))
        chosen = arithmetic.select(b, here, extract(b, operand, position), chosen)
    return chosen


# --- arrays


def _array(b: Builder, node: tree.View | tree.Extent, into: ir.Local | None) -> ir.Operand:
    if isinstance(node, tree.Extent):
        return arrays.extent(b, evaluate(b, node.array), node.axis, into)
    return view(b, node, into)


def view(b: Builder, node: tree.View, into: ir.Local | None = None) -> ir.Local:
    parts: list[tree.Expression] = [node.array]
    for item in node.items:
        pieces = (item.start, item.stop, item.step) if isinstance(item, tree.Range) else (item,)
        parts += [piece for piece in pieces if piece is not None]
    operands = iter(evaluate_all(b, parts))
    array = next(operands)
    items: list[arrays.Index | arrays.Bounds] = []
    for item in node.items:
        if isinstance(item, tree.Range):
            bounds = (None if part is None else next(operands) for part in (item.start, item.stop, item.step))
            items.append(arrays.Bounds(*bounds))
        else:
            items.append(index_of(b, item, next(operands)))
    assert isinstance(node.type, Array)
    return arrays.view(b, array, items, node.type, node.checked, node.span, into)


def element_address(b: Builder, node: tree.Element | tree.ElementTarget) -> ir.Local:
    operands = evaluate_all(b, (node.array, *node.indices))
    indices = tuple(index_of(b, index, operand) for index, operand in zip(node.indices, operands[1:], strict=True))
    return arrays.element(b, operands[0], indices, node.checked, node.span)


def index_of(b: Builder, node: tree.Expression, operand: ir.Operand) -> arrays.Index:
    return arrays.Index(operand, is_non_negative(b, node))


def is_non_negative(b: Builder, node: tree.Expression) -> bool:
    """Whether an integer expression is known not to be negative: then no wrap-around from the end is needed."""
    if isinstance(node.type, Scalar) and node.type.kind in ("uint", "bool"):
        return True
    match node:
        case tree.Constant():
            return bool(node.value >= 0)
        case tree.Name():
            return id(node.variable) in b.non_negative
        case tree.Extent():
            return True
        case tree.Convert(operand=tree.Builtin(name="min", arguments=(operand, tree.Constant(value=most)))):
            fits = isinstance(node.type, Scalar) and node.type.is_integer and most <= node.type.high
            return fits and is_non_negative(b, operand)
        case tree.Convert(operand=operand):
            return _widens(operand.type, node.type) and is_non_negative(b, operand)
        case tree.Binary(op="mod", right=tree.Constant(value=value)):
            return bool(value > 0)
        case tree.Binary(op="and"):
            return is_non_negative(b, node.left) or is_non_negative(b, node.right)
        case tree.Binary(op="floordiv" | "shr", right=tree.Constant(value=value)):
            return bool(value > 0) and is_non_negative(b, node.left)
        case _:
            return False


def _widens(source: Type, target: Type) -> bool:
    """Whether every value that is not negative keeps its value."""
    if not (isinstance(source, Scalar) and isinstance(target, Scalar)) or source.is_float:
        return False
    return source.bits < target.bits or (source.bits == target.bits and source.kind == target.kind)


# --- device Python


def _address(b: Builder, node: tree.Address | tree.LoadAddress, into: ir.Local | None) -> ir.Operand:
    if isinstance(node, tree.LoadAddress):
        value = into or b.temporary(node.type)
        b.emit(ir.Load(value, evaluate(b, node.address)))
        return value
    base, *rest = evaluate_all(b, (node.base,) if node.index is None else (node.base, node.index))
    assert isinstance(base.type, Pointer)
    target: Scalar | Struct = base.type.target
    dest = into or b.temporary(node.type, "address")
    b.emit(ir.Offset(dest, base, rest[0] if rest else None, target.size, node.offset))
    return dest


def _device(b: Builder, node: tree.Builtin, into: ir.Local | None) -> ir.Operand:
    match node:
        case tree.Builtin(name="device.address", arguments=(tree.LoadAddress(address=address),)):
            return evaluate(b, address, into)
        case tree.Builtin(name="device.address", arguments=(tree.Element() as element,)):
            return element_address(b, element)
        case tree.Builtin(name="device.address", arguments=(operand,)):
            return evaluate(b, operand, into)
        case tree.Builtin(name="device.cast", arguments=(*_, operand)):
            return arithmetic.convert(b, evaluate(b, operand), node.type, into)
    arguments = evaluate_all(b, node.arguments)
    dest = None if isinstance(node.type, NoneValue) else into or b.temporary(node.type)
    b.emit(ir.Intrinsic(dest, node.name, arguments, pure=node.name.split(".")[1] in PURE_DEVICE))
    return dest or ir.Const(node.type, None)


def raise_unless(b: Builder, test: tree.Expression, exception: str, message: str, span: Span) -> None:
    """assert: go on only where the condition holds."""
    fine, failed = b.block(), b.raise_block((exception, message), span)
    branch_on(b, test, fine, failed)
    b.place(fine)
