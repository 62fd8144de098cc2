"""The tree of tasks that begins the children of a gather over a comprehension.

    await gather(*[f(i, x) for i in range(n)])              coroutine gather(low, high, x):
                                                              if high - low <= 4:
      if n <= 4:                                                fork f(low, x), f(low + 1, x) if low + 1 < high, ...
        fork f(0, x), f(1, x) if 1 < n, ...          ──▶      else:
      else:                                                     middle = (low + high) // 2
        fork gather(0, n // 2, x), gather(n // 2, n, x)         fork gather(low, middle, x), gather(middle, high, x)

However many children there are, they spread over the machine in logarithmic time, depth-first order keeps few of them
alive, thieves take large parts, and no counter is common to all. Results that are only added up go up the same tree and
take no memory.

Where the comprehension has an `if`, it is asked for 32 positions at a time, and what is begun by a tree are the bits of
the mask that the answers make: what is left out costs no task.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import NoneValue, Reference, Type, u32
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering import build_lists as lists
from coro2cuda.lowering import build_positions as positions
from coro2cuda.lowering import ir
from coro2cuda.lowering.builder import TRUE, Builder
from coro2cuda.lowering.frame import size_of
from coro2cuda.lowering.scan import Facts

FEW = 4  # children that one task begins itself
MASK = 32  # positions whose tests are kept in one word
ZERO, ONE = ir.Const(u32, 0), ir.Const(u32, 1)


@dataclass(frozen=True, slots=True)
class Children:
    """What one task of the tree knows: the call, the coroutines of the tree (over positions, and over the bits of a
    mask) and what is passed down it. `source` is what items follow from, `place` the address of the list of results, if
    they are kept. Operands are those of the function at hand."""

    node: tree.GatherEach
    spread: str
    bits: str
    passed: tuple[ir.Operand, ...]
    source: positions.Source
    place: ir.Local | None

    @property
    def result(self) -> Type | None:
        """The type of a child's result, if it is wanted."""
        match self.node.type:
            case NoneValue():
                return None
            case Reference() as kept:
                return kept.element
            case type:
                return type


def run(b: Builder, node: tree.GatherEach, captured: list[tree.Variable]) -> ir.Operand:
    """Run all children; the sum or the list of their results. `captured` are the variables of the function that their
    arguments read."""
    source, count = positions.source(b, node.loop)
    made = lists.make(b, node.type, count, node.span) if isinstance(node.type, Reference) else None
    place = None if made is None else lists.start_of(b, made)
    given = (*source, *(b.local(variable) for variable in captured))
    children = Children(node, *_names(b), _runtime((*_optional(place), *given)), source, place)
    begin = _begin if node.test is None else _some
    _make_spread(b, children, children.spread, captured, begin)
    if node.test is not None:
        _make_spread(b, children, children.bits, captured, _bits)
    total = b.temporary(node.type, "total") if node.results == "sum" else None
    some, after = b.block("some"), b.block()
    if total is not None:
        b.assign(total, ir.zero(node.type))
    b.branch(arithmetic.compare(b, "eq", count, ZERO), after, some)
    b.place(some)
    begin(b, children, ZERO, count, total)
    b.goto(after)
    b.place(after)
    return total or made or ir.Const(NoneValue(), None)


def _optional(operand: ir.Local | None) -> tuple[ir.Local, ...]:
    return () if operand is None else (operand,)


def _names(b: Builder) -> tuple[str, str]:
    """Names for the coroutines of a new tree; the first is taken at once."""
    number = 1
    while f"{b.function.name}.gather{number}" in b.tables.made:
        number += 1
    name = f"{b.function.name}.gather{number}"
    b.tables.made[name] = b.function
    return name, f"{name}.bits"


def _runtime(operands: tuple[ir.Operand, ...]) -> tuple[ir.Local, ...]:
    """Constants and uniforms are known everywhere; the rest is passed down the tree."""
    return tuple(operand for operand in operands if isinstance(operand, ir.Local))


Begin = Callable[[Builder, Children, ir.Operand, ir.Operand, ir.Local | None], None]


def _make_spread(
    b: Builder, outer: Children, name: str, captured: list[tree.Variable], begin: Begin
) -> None:
    """A coroutine of the tree: it begins the children that its first two parameters tell."""
    node = outer.node
    low, high = tree.Variable("low", u32, parameter=True), tree.Variable("high", u32, parameter=True)
    fixed = [(operand, tree.Variable("source", operand.type, parameter=True))
             for operand in _runtime((*_optional(outer.place), *outer.source))]  # fmt: skip
    parameters = (low, high, *(variable for _, variable in fixed), *captured)
    result = node.type if node.results == "sum" else NoneValue()
    function = tree.Function(name, b.function.title, node.span, True, parameters, result, ())
    inner = Builder(function, b.tables, Facts(walrused=b.facts.walrused))
    inner.non_negative, inner.traced = b.non_negative, False
    own = {operand: inner.local(variable) for operand, variable in fixed}
    there = tuple(own[operand] if isinstance(operand, ir.Local) else operand for operand in outer.source)
    passed = tuple(inner.local(variable) for variable in parameters[2:])
    place = None if outer.place is None else own[outer.place]
    children = Children(node, outer.spread, outer.bits, passed, there, place)
    total = inner.temporary(node.type, "total") if node.results == "sum" else None
    begin(inner, children, inner.local(low), inner.local(high), total)
    inner.end(ir.Return(total))
    b.tables.made[name] = inner.finish()


def _begin(b: Builder, children: Children, low: ir.Operand, high: ir.Operand, total: ir.Local | None) -> None:
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


def _few(b: Builder, children: Children, low: ir.Operand, high: ir.Operand, total: ir.Local | None) -> None:
    """The last is begun first, so that the one which is always there ends the fork. Arguments of children beyond the
    end are computed for the last child once more."""
    last = arithmetic.compute(b, "sub", high, ONE)
    guards: list[ir.Operand] = [TRUE]
    calls = [_arguments(b, children, low)]
    for number in range(1, FEW):
        position = arithmetic.compute(b, "add", low, ir.Const(u32, number))
        present = arithmetic.compare(b, "lt", position, high)
        guards.append(present)
        calls.append(_arguments(b, children, arithmetic.select(b, present, position, last)))
    dests = _fork(b, [children.node.coroutine] * FEW, calls[::-1], tuple(guards[::-1]), children.result, children.node)
    if total is not None:
        _add_up(b, dests, total)
    elif dests:
        _keep(b, children, low, high, dests[::-1])


def _keep(b: Builder, children: Children, low: ir.Operand, high: ir.Operand, results: list[ir.Local]) -> None:
    """Write the results of the children from `low` to the list."""
    assert children.place is not None
    for number, result in enumerate(results):
        position = arithmetic.compute(b, "add", low, ir.Const(u32, number)) if number else low
        following = b.block()
        if number:
            present = b.block("present")
            b.branch(arithmetic.compare(b, "lt", position, high), present, following)
            b.place(present)
        address = b.temporary(children.place.type, "address")
        b.emit(ir.Offset(address, children.place, position, size_of(result.type)))
        b.emit(ir.Store(address, result))
        b.goto(following)
        b.place(following)


def _many(
    b: Builder, children: Children, low: ir.Operand, high: ir.Operand, count: ir.Operand, total: ir.Local | None
) -> None:
    half = arithmetic.compute(b, "shr", count, ONE)
    middle = arithmetic.compute(b, "add", low, half)
    calls: list[tuple[ir.Operand, ...]] = [(middle, high, *children.passed), (low, middle, *children.passed)]
    dests = _fork(b, [children.spread] * 2, calls, (), total and total.type, children.node)
    if total is not None:
        _add_up(b, dests, total)


def _fork(
    b: Builder, names: list[str], calls: list[tuple[ir.Operand, ...]], guards: tuple[ir.Operand, ...],
    result: Type | None, node: tree.GatherEach,
) -> list[ir.Local]:  # fmt: skip
    """Fork, and go on when all are done; where the results are, if they are wanted."""
    dests = [None if result is None else b.temporary(result, "result") for _ in calls]
    operands = tuple(operand for call in calls for operand in call)
    resume = b.block("resume")
    counts = tuple(map(len, calls))
    b.end(ir.Fork(tuple(dests), tuple(names), counts, operands, resume, node.span, guards,
                  *b.unwinding(node.span)))  # fmt: skip
    b.place(resume)
    return [dest for dest in dests if dest is not None]


def _add_up(b: Builder, dests: list[ir.Local], total: ir.Local) -> None:
    found: ir.Operand = dests[0]
    for dest in dests[1:]:
        found = arithmetic.compute(b, "add", found, dest)
    b.assign(total, found)


def _arguments(b: Builder, children: Children, position: ir.Operand) -> tuple[ir.Operand, ...]:
    """The arguments of the child at a position."""
    from coro2cuda.lowering.build_expressions import evaluate_all

    _bind(b, children, position)
    return evaluate_all(b, children.node.arguments)


def _bind(b: Builder, children: Children, position: ir.Operand) -> None:
    loop = children.node.loop
    item = positions.item(b, loop, children.source, position)
    b.assign(b.rebind(positions.variable(loop)), item)


# --- with an `if` ----------------------------------------------------------------------------------------------------


def _some(b: Builder, children: Children, low: ir.Operand, high: ir.Operand, total: ir.Local | None) -> None:
    """Run those of the children from `low` to `high` for which the test holds."""
    narrow, wide, wanted, after = b.block("narrow"), b.block("wide"), b.block("wanted"), b.block()
    count = arithmetic.compute(b, "sub", high, low)
    b.branch(arithmetic.compare(b, "le", count, ir.Const(u32, MASK)), narrow, wide)
    b.place(narrow)
    mask = _mask(b, children, low, count)
    if total is not None:
        b.assign(total, ir.zero(total.type))
    b.branch(arithmetic.compare(b, "eq", mask, ZERO), after, wanted)
    b.place(wanted)
    _bits(b, children, low, mask, total)
    b.goto(after)
    b.place(wide)
    _many(b, children, low, high, count, total)
    b.goto(after)
    b.place(after)


def _mask(b: Builder, children: Children, low: ir.Operand, count: ir.Operand) -> ir.Local:
    """A bit for each of up to 32 positions from `low`: whether the test holds there."""
    from coro2cuda.lowering.build_expressions import branch_on

    assert children.node.test is not None
    mask, number = b.temporary(u32, "mask"), b.temporary(u32, "number")
    look, held, following, done = b.block("look"), b.block("held"), b.block("following"), b.block("done")
    b.assign(mask, ZERO)
    b.assign(number, ZERO)
    b.goto(look)
    b.place(look)
    _bind(b, children, arithmetic.compute(b, "add", low, number))
    branch_on(b, children.node.test, held, following)
    b.place(held)
    bit = arithmetic.compute(b, "shl", ONE, number)
    arithmetic.compute(b, "or", mask, bit, mask)
    b.goto(following)
    b.place(following)
    arithmetic.compute(b, "add", number, ONE, number)
    again = b.block("again")
    b.branch(arithmetic.compare(b, "lt", number, count), again, done)
    b.place(again)
    b.end(ir.Goto(look, bounded=True))
    b.place(done)
    return mask


def _bits(b: Builder, children: Children, base: ir.Operand, mask: ir.Operand, total: ir.Local | None) -> None:
    """Run the children at the positions of the mask's bits, of which there is at least one, counted from `base`."""
    few, many, after = b.block("few"), b.block("many"), b.block()
    count = _bit_function(b, "popcount", mask)
    b.branch(arithmetic.compare(b, "le", count, ir.Const(u32, FEW)), few, many)
    b.place(few)
    guards: list[ir.Operand] = []
    calls = []
    left = mask
    first = _bit_function(b, "find_first", mask)
    for number in range(FEW):
        here: ir.Operand = first
        guards.append(TRUE)
        if number:
            left = arithmetic.compute(b, "and", left, arithmetic.compute(b, "sub", left, ONE))
            guards[-1] = arithmetic.compare(b, "ne", left, ZERO)
            here = arithmetic.select(b, guards[-1], _bit_function(b, "find_first", left), first)
        calls.append(_arguments(b, children, arithmetic.compute(b, "add", base, here)))
    dests = _fork(b, [children.node.coroutine] * FEW, calls[::-1], tuple(guards[::-1]), children.result, children.node)
    if total is not None:
        _add_up(b, dests, total)
    b.goto(after)
    b.place(many)
    _halve_bits(b, children, base, mask, total)
    b.goto(after)
    b.place(after)


def _halve_bits(b: Builder, children: Children, base: ir.Operand, mask: ir.Operand, total: ir.Local | None) -> None:
    """More than FEW bits: what is below the middle of the mask, if anything is, and what is above."""
    zeros = _bit_function(b, "count_leading_zeros", mask)
    width = arithmetic.compute(b, "sub", ir.Const(u32, MASK), zeros)
    half = arithmetic.compute(b, "shr", width, ONE)
    above = arithmetic.compute(b, "shr", mask, half)
    below = arithmetic.compute(b, "xor", mask, arithmetic.compute(b, "shl", above, half))
    middle = arithmetic.compute(b, "add", base, half)
    some = arithmetic.compare(b, "ne", below, ZERO)
    calls: list[tuple[ir.Operand, ...]] = [(base, below, *children.passed), (middle, above, *children.passed)]
    dests = _fork(b, [children.bits] * 2, calls, (some, TRUE), total and total.type, children.node)
    if total is not None:
        _add_up(b, dests, total)


def _bit_function(b: Builder, name: str, operand: ir.Operand) -> ir.Local:
    dest = b.temporary(u32)
    b.emit(ir.Intrinsic(dest, f"device.{name}", (operand,)))
    return dest
