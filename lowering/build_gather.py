"""`gather` to Fork, and a gather over a comprehension to a tree of them.

    await gather(*[f(i, x) for i in range(n)])              coroutine gather(low, high, x):
                                                              if high - low <= 4:
      if n <= 4:                                                fork f(low, x), f(low + 1, x) if low + 1 < high, ...
        fork f(0, x), f(1, x) if 1 < n, ...          ──▶      else:
      else:                                                     middle = (low + high) // 2
        fork gather(0, n // 2, x), gather(n // 2, n, x)         fork gather(low, middle, x), gather(middle, high, x)

However many children there are, they are begun by a tree of tasks, so that they spread over the machine in logarithmic
time, depth-first order keeps few of them alive, thieves take large parts, and no counter is common to all. Results that
are only added up go up the same tree and take no memory.

The arguments of a child are computed when it begins. So they may have no effects, and must not read what children
write: `_check_reads` sees to that by the types of elements, since nothing tells whether two arrays overlap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from coro2cuda.frontend import tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import BY_NAME, Array, NoneValue, Scalar, Tuple, Type, boolean, u32, u64
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering import build_arrays as arrays
from coro2cuda.lowering import effects, ir
from coro2cuda.lowering.builder import FALSE, TRUE, Builder, Error
from coro2cuda.lowering.scan import Facts

FEW = 4  # children that one task begins itself
MOST = (1 << 31) - 1
TOO_MANY: Error = ("OverflowError", f"gather() of more than {MOST} coroutines")
RANGE_STEP: Error = ("ValueError", "range() arg 3 must not be zero")
ZERO, ONE = ir.Const(u32, 0), ir.Const(u32, 1)


def gather(b: Builder, node: tree.Gather, dests: tuple[ir.Local | None, ...]) -> None:
    """Run the coroutines that are written out; their results go to `dests`."""
    from coro2cuda.lowering.build_expressions import evaluate_all

    coroutines = tuple(name for name, _ in node.calls)
    counts = tuple(len(arguments) for _, arguments in node.calls)
    operands = evaluate_all(b, [argument for _, arguments in node.calls for argument in arguments])
    resume = b.block("resume")
    b.end(ir.Fork(dests, coroutines, counts, operands, resume, node.span))
    b.place(resume)


def gathered(b: Builder, node: tree.Gather | tree.GatherEach, into: ir.Local | None) -> ir.Operand:
    """The value of a gather."""
    if isinstance(node, tree.GatherEach):
        return _each(b, node)
    assert isinstance(node.type, Tuple)
    dest, results = into or b.temporary(node.type), tuple(b.temporary(type, "result") for type in node.type.elements)
    gather(b, node, results)
    b.emit(ir.Pack(dest, results))
    return dest


# --- over a comprehension --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Children:
    """What one task of the tree knows: the call, the coroutine of the tree and what is passed down it, and how the
    loop's variable follows from a position. All operands are those of the function at hand."""

    node: tree.GatherEach
    spread: str
    passed: tuple[ir.Operand, ...]
    item: Callable[[ir.Operand], ir.Operand]

    @property
    def variable(self) -> tree.Variable:
        if isinstance(self.node.loop, tree.ForRange):
            return self.node.loop.variable
        assert isinstance(self.node.loop.target, tree.NameTarget)
        return self.node.loop.target.variable


def _each(b: Builder, node: tree.GatherEach) -> ir.Operand:
    _check_reads(b, node)
    source, count = _range(b, node.loop) if isinstance(node.loop, tree.ForRange) else _array(b, node.loop)
    captured = _captured(node)
    given = (*source, *(b.local(variable) for variable in captured))
    spread = _spread_name(b)
    children = _Children(node, spread, _runtime(given), _item(b, node.loop, source))
    b.tables.made[spread] = b.function  # takes the name; the function itself comes next
    b.tables.made[spread] = _spread(b, node, spread, source, captured)
    total = None if isinstance(node.type, NoneValue) else b.temporary(node.type, "total")
    some, after = b.block("some"), b.block()
    if total is not None:
        b.assign(total, ir.zero(node.type))
    b.branch(arithmetic.compare(b, "eq", count, ZERO), after, some)
    b.place(some)
    _begin(b, children, ZERO, count, total)
    b.goto(after)
    b.place(after)
    return ir.Const(node.type, None) if total is None else total


def _spread_name(b: Builder) -> str:
    number = 1
    while f"{b.function.name}.gather{number}" in b.tables.made:
        number += 1
    return f"{b.function.name}.gather{number}"


def _runtime(operands: tuple[ir.Operand, ...]) -> tuple[ir.Local, ...]:
    """Constants and uniforms are known everywhere; the rest is passed down the tree."""
    return tuple(operand for operand in operands if isinstance(operand, ir.Local))


def _computed(node: tree.GatherEach) -> tuple[tree.Expression, ...]:
    return node.arguments if node.test is None else (node.test, *node.arguments)


def _captured(node: tree.GatherEach) -> list[tree.Variable]:
    """The variables of the function that the arguments read."""
    inner = node.loop.variable if isinstance(node.loop, tree.ForRange) else None
    if isinstance(node.loop, tree.ForArray) and isinstance(node.loop.target, tree.NameTarget):
        inner = node.loop.target.variable
    parts = [part for one in _computed(node) for part in tree.walk(one)]
    names = [part.variable for part in parts if isinstance(part, tree.Name)]
    return [variable for variable in dict.fromkeys(names) if variable is not inner]


def _spread(
    b: Builder, node: tree.GatherEach, name: str, source: tuple[ir.Operand, ...], captured: list[tree.Variable]
) -> ir.Function:
    """The coroutine of the tree: children `low` to `high`."""
    low, high = tree.Variable("low", u32, parameter=True), tree.Variable("high", u32, parameter=True)
    fixed = [(operand, tree.Variable("source", operand.type, parameter=True)) for operand in _runtime(source)]
    parameters = (low, high, *(variable for _, variable in fixed), *captured)
    function = tree.Function(name, b.function.title, node.span, True, parameters, node.type, ())
    inner = Builder(function, b.tables, Facts(walrused=b.facts.walrused))
    inner.non_negative = b.non_negative
    own = {operand: inner.local(variable) for operand, variable in fixed}
    there = tuple(own[operand] if isinstance(operand, ir.Local) else operand for operand in source)
    passed = tuple(inner.local(variable) for variable in parameters[2:])
    children = _Children(node, name, passed, _item(inner, node.loop, there))
    total = None if isinstance(node.type, NoneValue) else inner.temporary(node.type, "total")
    _begin(inner, children, inner.local(low), inner.local(high), total)
    inner.end(ir.Return(total))
    return inner.finish()


def _begin(b: Builder, children: _Children, low: ir.Operand, high: ir.Operand, total: ir.Local | None) -> None:
    """Run the children at the positions from `low` to `high`, of which there is at least one."""
    few, many, after = b.block("few"), b.block("many"), b.block()
    count = arithmetic.compute(b, "sub", high, low)
    b.branch(arithmetic.compare(b, "le", count, ir.Const(u32, FEW)), few, many)
    b.place(few)
    _few(b, children, low, high, total)
    b.goto(after)
    b.place(many)
    _many(b, children, low, high, count, total)
    b.goto(after)
    b.place(after)


def _few(b: Builder, children: _Children, low: ir.Operand, high: ir.Operand, total: ir.Local | None) -> None:
    """The last is begun first, so that the one which is there in any case ends the fork. What is computed for children
    beyond the end is computed for the last child once more."""
    last = arithmetic.compute(b, "sub", high, ONE)
    guards: list[ir.Operand] = []
    calls = []
    for number in range(FEW):
        present: ir.Operand = TRUE
        position = low
        if number:
            after = arithmetic.compute(b, "add", low, ir.Const(u32, number))
            present = arithmetic.compare(b, "lt", after, high)
            position = arithmetic.select(b, present, after, last)
        wanted, arguments = _call(b, children, position, present)
        guards.append(wanted)
        calls.append(arguments)
    dests = _fork(b, children, [children.node.coroutine] * FEW, calls[::-1], tuple(guards[::-1]), total is not None)
    if total is not None:
        _add_up(b, dests, total)


def _many(
    b: Builder, children: _Children, low: ir.Operand, high: ir.Operand, count: ir.Operand, total: ir.Local | None
) -> None:
    half = arithmetic.compute(b, "shr", count, ONE)
    middle = arithmetic.compute(b, "add", low, half)
    calls: list[tuple[ir.Operand, ...]] = [(middle, high, *children.passed), (low, middle, *children.passed)]
    dests = _fork(b, children, [children.spread] * 2, calls, (), total is not None)
    if total is not None:
        _add_up(b, dests, total)


def _fork(
    b: Builder, children: _Children, names: list[str], calls: list[tuple[ir.Operand, ...]],
    guards: tuple[ir.Operand, ...], wanted: bool,
) -> list[ir.Local]:  # fmt: skip
    dests = [b.temporary(children.node.type, "result") if wanted else None for _ in calls]
    operands = tuple(operand for call in calls for operand in call)
    resume = b.block("resume")
    counts = tuple(map(len, calls))
    b.end(ir.Fork(tuple(dests), tuple(names), counts, operands, resume, children.node.span, guards))
    b.place(resume)
    return [dest for dest in dests if dest is not None]


def _add_up(b: Builder, dests: list[ir.Local], total: ir.Local) -> None:
    found: ir.Operand = dests[0]
    for dest in dests[1:]:
        found = arithmetic.compute(b, "add", found, dest)
    b.assign(total, found)


def _call(
    b: Builder, children: _Children, position: ir.Operand, present: ir.Operand
) -> tuple[ir.Operand, tuple[ir.Operand, ...]]:
    """Whether the child at a position is wanted, and its arguments: zeros where the comprehension's `if` leaves it out,
    since to compute them might raise."""
    from coro2cuda.lowering.build_expressions import branch_on, evaluate, evaluate_all

    node = children.node
    item = children.item(position)
    b.assign(b.rebind(children.variable), item)
    if node.test is None:
        return present, evaluate_all(b, node.arguments)
    wanted, held, failed, after = b.temporary(boolean, "wanted"), b.block("wanted"), b.block("left_out"), b.block()
    dests = [None if isinstance(one, tree.Name) else b.temporary(one.type, "argument") for one in node.arguments]
    branch_on(b, node.test, held, failed)
    b.place(held)
    b.assign(wanted, present)
    for dest, argument in zip(dests, node.arguments, strict=True):
        if dest is not None:
            b.assign(dest, evaluate(b, argument, dest))
    b.goto(after)
    b.place(failed)
    b.assign(wanted, FALSE)
    for dest in dests:
        if dest is not None:
            b.assign(dest, ir.zero(dest.type))
    b.goto(after)
    b.place(after)
    given = zip(dests, node.arguments, strict=True)
    return wanted, tuple(evaluate(b, argument) if dest is None else dest for dest, argument in given)


# --- what is iterated over -------------------------------------------------------------------------------------------


def _range(b: Builder, loop: tree.ForRange) -> tuple[tuple[ir.Operand, ...], ir.Operand]:
    """What positions are computed from, start and step, and the number of items."""
    from coro2cuda.lowering.build_expressions import evaluate_all, is_non_negative

    start, stop, step = evaluate_all(b, (loop.start, loop.stop, loop.step))
    b.raise_if(arithmetic.compare(b, "eq", step, ir.Const(step.type, 0)), RANGE_STEP, loop.span)
    if isinstance(step, ir.Const) and step.value > 0 and is_non_negative(b, loop.start):
        b.non_negative |= {id(loop.variable)}
    return (start, step), _checked(b, _turns(b, start, stop, step), loop)


def _turns(b: Builder, start: ir.Operand, stop: ir.Operand, step: ir.Operand) -> ir.Operand:
    """How many items a range has, in the unsigned type of its bounds: no difference of them overflows there."""
    assert isinstance(start.type, Scalar)
    unsigned = BY_NAME[f"u{start.type.bits}"]
    up = arithmetic.compare(b, "gt", step, ir.Const(step.type, 0))
    low, high = arithmetic.select(b, up, start, stop), arithmetic.select(b, up, stop, start)
    size = arithmetic.select(b, up, step, arithmetic.unary(b, "neg", step))
    distance = arithmetic.convert(b, arithmetic.compute(b, "sub", high, low), unsigned)
    one = ir.Const(unsigned, 1)
    last = arithmetic.compute(b, "sub", distance, one)
    turns = arithmetic.compute(b, "floordiv", last, arithmetic.convert(b, size, unsigned))
    some = arithmetic.compare(b, "lt", low, high)
    return arithmetic.select(b, some, arithmetic.compute(b, "add", turns, one), ir.Const(unsigned, 0))


def _array(b: Builder, loop: tree.ForArray) -> tuple[tuple[ir.Operand, ...], ir.Operand]:
    from coro2cuda.lowering.build_expressions import evaluate

    array = evaluate(b, loop.array)
    return (array,), _checked(b, arithmetic.convert(b, arrays.extent(b, array, 0), u64), loop)


def _checked(b: Builder, count: ir.Operand, loop: tree.ForRange | tree.ForArray) -> ir.Operand:
    assert isinstance(count.type, Scalar)
    if count.type.bits >= 32:
        b.raise_if(arithmetic.compare(b, "gt", count, ir.Const(count.type, MOST)), TOO_MANY, loop.span)
    return arithmetic.convert(b, count, u32)


def _item(
    b: Builder, loop: tree.ForRange | tree.ForArray, source: tuple[ir.Operand, ...]
) -> Callable[[ir.Operand], ir.Operand]:
    """The value of the loop's variable at a position."""

    def of_range(position: ir.Operand) -> ir.Operand:
        start, step = source
        distance = arithmetic.compute(b, "mul", arithmetic.convert(b, position, _scalar(start.type)), step)
        return arithmetic.compute(b, "add", start, distance)

    def of_array(position: ir.Operand) -> ir.Operand:
        (array,) = source
        index = arithmetic.convert(b, position, arrays.ZERO.type)
        type = arrays.array_type(array)
        if type.ndim == 1:
            return arrays.load(b, arrays.element_at(b, array, [index]))
        return arrays.row(b, array, index, _row_type(loop))

    return of_range if isinstance(loop, tree.ForRange) else of_array


def _scalar(type: Type) -> Scalar:
    assert isinstance(type, Scalar), type
    return type


def _row_type(loop: tree.ForRange | tree.ForArray) -> Array:
    assert isinstance(loop, tree.ForArray) and isinstance(loop.target, tree.NameTarget)
    type = loop.target.variable.type
    assert isinstance(type, Array)
    return type


# --- what children may write -----------------------------------------------------------------------------------------


def _check_reads(b: Builder, node: tree.GatherEach) -> None:
    """Refuse arguments that read an array while the children that have begun may write it."""
    for argument in node.arguments if node.test is not None else ():
        if isinstance(argument.type, Array) and not isinstance(argument, tree.Name):
            raise CompileError("a part of an array as an argument, in a comprehension with an `if`", argument.span,
                               "pass the whole array and the index")  # fmt: skip
    found = effects.of_expressions(b.tables.typed, _computed(node))
    reads = dict(found.reads)
    if isinstance(node.loop, tree.ForArray):
        array = node.loop.array.type
        assert isinstance(array, Array)
        if array.ndim == 1:
            reads.setdefault(array.element, node.loop.span)
    if found.effect is not None:
        raise CompileError("the arguments in a comprehension of gather() have no effects", found.effect,
                           "do it in the coroutine that it calls")  # fmt: skip
    written = effects.of_function(b.tables.typed, node.coroutine).writes
    for element, span in reads.items():
        if element in written:
            raise CompileError(
                f"this reads an array of {element} while coroutines that have begun may write arrays of {element}",
                span,
                "pass the index, and read the array in the coroutine that is called",
            )
