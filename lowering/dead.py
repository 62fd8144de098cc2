"""Drop ops that lead to nothing observable, by strong liveness (`liveness`).

    loop:                        loop:
      y = y + dy                   x = x + dx
      x = x + dx                   store tally[x], w
      store tally[x], w

Split relies on it: a variable that is not strongly live is not in the frame, so no op may read it after a resume.
"""

from __future__ import annotations

from coro2cuda.lowering import ir
from coro2cuda.lowering.liveness import Liveness, before_op, bits, is_needed, live_out


def drop_dead(function: ir.Function, liveness: Liveness) -> None:
    """Remove the dead ops of one function, in place. `liveness` stays true: dead ops keep nothing alive."""
    for index in function.reachable():
        block = function.blocks[index]
        live = live_out(function, index, liveness.entry) | bits(block.end.sources())
        kept: list[ir.Op] = []
        for op in reversed(block.ops):
            if is_needed(op, live):
                kept.append(op)
            live = before_op(op, live)
        block.ops = kept[::-1]
