"""Make every loop look at the stop flag now and then, so that an endless one can be stopped.

    header:                                reset:                        # one way in
      branch c ? body : exit                 turns = 0
    body:                                    goto header
      ...                                  header:
      goto header                            branch c ? body : exit
                                           body:
                                             ...
                                             turns = turns + 1
                                             branch turns < 4096 ? header : look
                                           look:
                                             poll -> reset

The inner loop's back-edge is counted, with a known bound: LLVM unrolls it and tests `turns` once for several turns.
Runs on functions after split, where a counter never lives in a frame. Loops marked `bounded` and loops that poll on
every turn are left alone.
"""

from __future__ import annotations

from coro2cuda.frontend.dtypes import boolean, i32
from coro2cuda.lowering import ir

TURNS = 4096


def guard_loops(function: ir.Function) -> None:
    """Guard the loops of one function in place."""
    for header, tails in _loops(function).items():
        _guard(function, header, tails)


def _loops(function: ir.Function) -> dict[int, list[int]]:
    """Back-edges by header: edges to a block on the current depth-first path. Poll and bounded edges do not count."""
    loops: dict[int, list[int]] = {}
    state: dict[int, bool] = {}  # True: on the path, False: finished
    stack = [(0, iter(function.successors(0)))]
    state[0] = True
    while stack:
        block, targets = stack[-1]
        target = next(targets, None)
        if target is None:
            state[block] = False
            stack.pop()
        elif target not in state:
            state[target] = True
            stack.append((target, iter(function.successors(target))))
        elif state[target]:
            end = function.blocks[block].end
            if not isinstance(end, ir.Poll) and not (isinstance(end, ir.Goto) and end.bounded):
                loops.setdefault(target, []).append(block)
    return loops


def _guard(function: ir.Function, header: int, tails: list[int]) -> None:
    turns, again = function.new_local("turns", i32), function.new_local("again", boolean)
    reset = len(function.blocks)
    latch, look = reset + 1, reset + 2
    for index, block in enumerate(function.blocks):
        block.end = _redirect(block.end, header, latch if index in tails else reset)
    zero, one, bound = ir.Const(i32, 0), ir.Const(i32, 1), ir.Const(i32, TURNS)
    count: list[ir.Op] = [ir.Binary(turns, "add", turns, one), ir.Compare(again, "lt", turns, bound)]
    # A loop with several ways in may be entered past its header: the counter must be there all the same.
    function.blocks[0].ops.append(ir.Copy(turns, zero))
    function.blocks += [
        ir.Block("reset", [ir.Copy(turns, zero)], ir.Goto(header)),
        ir.Block("latch", count, ir.Branch(again, header, look)),
        ir.Block("look", [], ir.Poll(reset)),
    ]


def _redirect(end: ir.Terminator, old: int, new: int) -> ir.Terminator:
    match end:
        case ir.Goto(target, bounded) if target == old:
            return ir.Goto(new, bounded)
        case ir.Branch(test, then, orelse, rare):
            return ir.Branch(test, new if then == old else then, new if orelse == old else orelse, rare)
        case ir.Poll(target) if target == old:
            return ir.Poll(new)
        case _:
            return end
