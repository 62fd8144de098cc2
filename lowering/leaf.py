"""The path on which a coroutine ends before it suspends, as a plain function: its caller tries that before it makes a
frame and a task for the call.

    coroutine fib(n) -> i32                        plain fib.leaf(n) -> (bool, i32)
      entry:                                         entry:
        branch n < 2 ? then : more                     branch n < 2 ? then : more
      then:                                          then:
        return n                             ──▶       return (True, n)
      more:                                          more:
        %1 = n - 1                                     return (False, 0)
        a, b = fork fib(%1), fib(%2) -> join

Half of the calls of fib, and of most trees, are leaves. The function only looks: where the coroutine would suspend,
write, call, raise or loop, it answers False and the call is made in earnest from the beginning. asyncio knows the idea
as an eager start.
"""

from __future__ import annotations

from coro2cuda.frontend.dtypes import NoneValue, Scalar, Tuple, boolean
from coro2cuda.lowering import ir

MOST_BLOCKS = 8
MOST_OPS = 24


def leaf_name(coroutine: str) -> str:
    return f"{coroutine}.leaf"


def leaf_of(function: ir.Function) -> ir.Function | None:
    """The leaf function of a coroutine, or None if no short and pure path leads to a return."""
    if not isinstance(function.result, Scalar | NoneValue):
        return None
    blocks = _short_path(function)
    if not any(isinstance(function.blocks[index].end, ir.Return) for index in blocks):
        return None
    number = {index: position for position, index in enumerate(blocks)}
    result = Tuple((boolean,) if isinstance(function.result, NoneValue) else (boolean, function.result))
    made = ir.Function(leaf_name(function.name), function.title, "plain", function.parameters, result, [],
                       list(function.locals), function.span, raises=False)  # fmt: skip
    no = len(blocks)
    for index in blocks:
        made.blocks.append(_block(made, function.blocks[index], number, no))
    made.blocks.append(_answer(made, "no", False, None))
    return made


def _short_path(function: ir.Function) -> list[int]:
    """The blocks from the entry that may be run twice, breadth first, as many as are allowed."""
    found: list[int] = []
    pending, ops = [0], 0
    while pending:
        index = pending.pop(0)
        block = function.blocks[index]
        if index in found or not _only_looks(block):
            continue
        ops += len(block.ops)
        if len(found) == MOST_BLOCKS or ops > MOST_OPS:
            break
        found.append(index)
        pending += function.successors(index)
    return _without_loops(function, found)


def _only_looks(block: ir.Block) -> bool:
    ends = isinstance(block.end, ir.Goto | ir.Branch | ir.Return)
    return ends and all(op.pure and not isinstance(op, ir.Intrinsic) for op in block.ops)


def _without_loops(function: ir.Function, blocks: list[int]) -> list[int]:
    """The blocks that are reached only from blocks before them; a loop's header has a back-edge and is left out."""
    kept: list[int] = []
    for index in blocks:
        sources = [source for source in blocks if index in function.successors(source)]
        if all(source in kept for source in sources):
            kept.append(index)
    return kept


def _block(made: ir.Function, block: ir.Block, number: dict[int, int], no: int) -> ir.Block:
    match block.end:
        case ir.Goto(target):
            return ir.Block(block.label, list(block.ops), ir.Goto(number.get(target, no)))
        case ir.Branch(test, then, orelse):
            end = ir.Branch(test, number.get(then, no), number.get(orelse, no))
            return ir.Block(block.label, list(block.ops), end)
        case ir.Return(value):
            answer = _answer(made, block.label, True, value)
            return ir.Block(block.label, [*block.ops, *answer.ops], answer.end)
        case end:
            raise AssertionError(f"{end} does more than look")


def _answer(made: ir.Function, label: str, known: bool, value: ir.Operand | None) -> ir.Block:
    assert isinstance(made.result, Tuple)
    items: tuple[ir.Operand, ...] = (ir.Const(boolean, known),)
    if len(made.result.elements) == 2:
        items += (value if value is not None else ir.zero(made.result.elements[1]),)
    pair = made.new_local("answer", made.result)
    return ir.Block(label, [ir.Pack(pair, items)], ir.Return(pair))
