"""Which locals are live where: strong liveness, so that work that leads to nothing is not kept alive.

A local is *strongly live* if its value can reach something observable: a store, a call, a branch, a result. In

    loop:
      y = y + dy          # y only ever feeds y
      x = x + dx
      store tally[x], w

`y` is live in the classical sense (the loop reads it) but not strongly live, so `y` and `dy` get no frame slot.
Source: Giegerich, Möncke, Wilhelm, "Invariance of approximate semantics with respect to program transformations", 1981.

Sets of locals are Python ints, bit `local.index` set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from coro2cuda.lowering import ir


@dataclass(frozen=True, slots=True)
class SuspendPoint:
    """A block whose terminator suspends; `saved` is live across it (results not included)."""

    block: int
    end: ir.Suspension
    saved: tuple[ir.Local, ...]


@dataclass(frozen=True, slots=True)
class Liveness:
    """`entry[b]`: the locals live on entry to block b, as a bit set. `suspends`: in block order."""

    function: ir.Function
    entry: tuple[int, ...]
    suspends: tuple[SuspendPoint, ...]

    def locals(self, bits: int) -> tuple[ir.Local, ...]:
        return tuple(local for local in self.function.locals if bits >> local.index & 1)


def analyse(function: ir.Function) -> Liveness:
    """Strong liveness of a function before or after split, by backward iteration to the least fixed point."""
    entry = [0] * len(function.blocks)
    order = list(function.reachable())
    changed = True
    while changed:
        changed = False
        for block in reversed(order):
            live = before(function.blocks[block], live_out(function, block, entry))
            if live != entry[block]:
                entry[block] = live
                changed = True
    suspends = tuple(_suspend_points(function, entry))
    return Liveness(function, tuple(entry), suspends)


def bits(operands: tuple[ir.Operand, ...]) -> int:
    """The locals among the operands, as a set."""
    live = 0
    for operand in operands:
        if isinstance(operand, ir.Local):
            live |= 1 << operand.index
    return live


def live_out(function: ir.Function, block: int, entry: list[int] | tuple[int, ...]) -> int:
    """Live after the block's terminator has read its sources. Results of what is awaited are born on the edge."""
    live = 0
    end = function.blocks[block].end
    for target in end.targets():
        live |= entry[target] & ~bits(ir.born_on(end, target))
    return live


def before(block: ir.Block, live: int) -> int:
    """Live on entry to the block, given what is live after it."""
    live |= bits(block.end.sources())
    for op in reversed(block.ops):
        live = before_op(op, live)
    return live


def before_op(op: ir.Op, live: int) -> int:
    if is_needed(op, live):
        for dest in written(op):
            live &= ~(1 << dest.index)
        live |= bits(op.sources())
    return live


def is_needed(op: ir.Op, live: int) -> bool:
    """Whether the op must run, given what is live after it."""
    return not op.pure or any(live >> dest.index & 1 for dest in written(op))


def written(op: ir.Op) -> Iterator[ir.Local]:
    """The locals the op defines: its dest, for Start also the state and the frame, for Call the error, for Operate the
    item taken."""
    if op.dest is not None:
        yield op.dest
    if isinstance(op, ir.Start):
        yield op.state
        yield op.frame
    if isinstance(op, ir.Operate) and op.taken is not None:
        yield op.taken
    if isinstance(op, ir.Call) and op.error is not None:
        yield op.error


def _suspend_points(function: ir.Function, entry: list[int]) -> Iterator[SuspendPoint]:
    for index in sorted(function.reachable()):
        end = function.blocks[index].end
        if isinstance(end, ir.Suspension):
            live = live_out(function, index, entry)
            saved = tuple(local for local in function.locals if live >> local.index & 1)
            yield SuspendPoint(index, end, saved)
