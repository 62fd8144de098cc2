"""What a comprehension iterates over: how many items, and the item at a position.

    for i in range(start, stop, step)       count = turns of the range       item(p) = start + p * step
    for x in array                          count = len(array)               item(p) = array[p]

The operands an item follows from are the `source`: they may be passed to another function, where `item` makes the same
value of them.
"""

from __future__ import annotations

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import BY_NAME, Array, Scalar, Type, u32, u64
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering import build_arrays as arrays
from coro2cuda.lowering import ir
from coro2cuda.lowering.builder import Builder, Error

Loop = tree.ForRange | tree.ForArray
Source = tuple[ir.Operand, ...]

MOST = (1 << 31) - 1
TOO_MANY: Error = ("OverflowError", f"gather() of more than {MOST} coroutines")
RANGE_STEP: Error = ("ValueError", "range() arg 3 must not be zero")


def source(b: Builder, loop: Loop) -> tuple[Source, ir.Operand]:
    """What items follow from, and how many there are (u32)."""
    return _range(b, loop) if isinstance(loop, tree.ForRange) else _array(b, loop)


def item(b: Builder, loop: Loop, given: Source, position: ir.Operand) -> ir.Operand:
    """The value of the loop's variable at a position (u32)."""
    if isinstance(loop, tree.ForRange):
        start, step = given
        distance = arithmetic.compute(b, "mul", arithmetic.convert(b, position, _scalar(start.type)), step)
        return arithmetic.compute(b, "add", start, distance)
    (array,) = given
    index = arithmetic.convert(b, position, arrays.ZERO.type)
    if arrays.array_type(array).ndim == 1:
        return arrays.load(b, arrays.element_at(b, array, [index]))
    row = variable(loop).type
    assert isinstance(row, Array)
    return arrays.row(b, array, index, row)


def variable(loop: Loop) -> tree.Variable:
    """The one name that the loop binds."""
    if isinstance(loop, tree.ForRange):
        return loop.variable
    assert isinstance(loop.target, tree.NameTarget)
    return loop.target.variable


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


def _scalar(type: Type) -> Scalar:
    assert isinstance(type, Scalar), type
    return type
