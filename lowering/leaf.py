"""The path on which a coroutine ends before it suspends, as a plain function: its caller tries that before it makes a
frame and a task for the call.

    coroutine fib(n) -> i32                        plain fib.leaf(n) -> (bool, i32)
      entry:                                         entry:
        branch n < 2 ? then : more                     branch n < 2 ? then : more
      then:                                          then:
        return n                             ──▶       return (True, n)
      more:                                          more:
        %1 = n - 1                                     return (False, 0)
        %2 = n - 2
        a, b = fork fib(%1), fib(%2) -> join
      join:
        return a + b

Half of the calls of fib, and of most trees, are leaves. The function only looks: where the coroutine would suspend,
write, call, raise or loop, it answers False and the call is made in earnest from the beginning. asyncio knows the idea
as an eager start.

A call whose own calls are all leaves ends before it suspends too. So there are deeper leaf functions, which try the
leaf functions of one level less where the coroutine awaits, and go on with the answers:

      more:                                          more:
        a, b = fork fib(%1), fib(%2) -> join           done, a = fib.leaf(%1); branch done ? more2 : no
                                             ──▶     more2:
                                                       done, b = fib.leaf(%2); branch done ? join : no
"""

from __future__ import annotations

from collections.abc import Mapping

from coro2cuda.frontend.dtypes import NoneValue, Scalar, Tuple, boolean
from coro2cuda.lowering import ir

MOST_BLOCKS = 8
MOST_OPS = 24
LEVELS = 2  # of leaf functions that call leaf functions: each doubles the code where a call makes two

Leaves = Mapping[str, ir.Function]


def leaves_of(functions: Mapping[str, ir.Function]) -> tuple[dict[str, ir.Function], list[ir.Function]]:
    """The deepest leaf function of each of these coroutines that has one, and all that belong to them."""
    found: dict[str, ir.Function] = {}
    every: list[ir.Function] = []
    for level in range(1 + LEVELS):
        made = {name: leaf for name, function in functions.items() if (leaf := leaf_of(function, found, level))}
        every += made.values()
        found = found | made
    return found, every


def leaf_of(function: ir.Function, leaves: Leaves, level: int = 0) -> ir.Function | None:
    """The leaf function of a coroutine that tries those of the level below, or None if no short and pure path leads
    through one of them (on level 0, which has none, to a return)."""
    if not isinstance(function.result, Scalar | NoneValue):
        return None
    blocks = _short_path(function, leaves)
    ends = [function.blocks[index].end for index in blocks]
    if not any(isinstance(end, ir.Return) for end in ends):
        return None
    if level > 0 and not any(isinstance(end, ir.Await | ir.Fork) for end in ends):
        return None
    result = Tuple((boolean,) if isinstance(function.result, NoneValue) else (boolean, function.result))
    name = f"{function.name}.leaf{level or ''}"
    made = ir.Function(name, function.title, "plain", function.parameters, result, [], list(function.locals),
                       function.span, raises=False)  # fmt: skip
    number = {index: position for position, index in enumerate(blocks)}
    no = len(blocks)
    made.blocks = [ir.Block(function.blocks[index].label, list(function.blocks[index].ops), ir.Goto(no))
                   for index in blocks]  # fmt: skip
    made.blocks.append(_answer(made, "no", False, None))
    for index in blocks:
        _end(made, number[index], function.blocks[index].end, number, leaves)
    return made


def _short_path(function: ir.Function, leaves: Leaves) -> list[int]:
    """The blocks from the entry that may be run twice, breadth first, as many as are allowed."""
    found: list[int] = []
    pending, ops = [0], 0
    while pending:
        index = pending.pop(0)
        block = function.blocks[index]
        if index in found or not _only_looks(block, leaves):
            continue
        ops += len(block.ops)
        if len(found) == MOST_BLOCKS or ops > MOST_OPS:
            break
        found.append(index)
        pending += _ways_on(block.end)
    return _without_loops(function, found)


def _only_looks(block: ir.Block, leaves: Leaves) -> bool:
    ends = isinstance(block.end, ir.Goto | ir.Branch | ir.Return) or _tries(block.end, leaves)
    return ends and all(op.pure and not isinstance(op, ir.Intrinsic) for op in block.ops)


def _tries(end: ir.Terminator, leaves: Leaves) -> bool:
    """Whether a block's end awaits calls that have leaf functions."""
    guarded = isinstance(end, ir.Fork) and end.guards
    calls = ir.awaited(end)
    return bool(calls) and not guarded and all(callee in leaves for callee, _ in calls)


def _ways_on(end: ir.Terminator) -> tuple[int, ...]:
    """Where a function goes on that has not failed."""
    return (end.resume,) if isinstance(end, ir.Await | ir.Fork) else end.targets()


def _without_loops(function: ir.Function, blocks: list[int]) -> list[int]:
    """The blocks that are reached only from blocks before them; a loop's header has a back-edge and is left out."""
    kept: list[int] = []
    for index in blocks:
        sources = [source for source in blocks if index in _ways_on(function.blocks[source].end)]
        if all(source in kept for source in sources):
            kept.append(index)
    return kept


def _end(made: ir.Function, place: int, end: ir.Terminator, number: dict[int, int], leaves: Leaves) -> None:
    """End the block at a place as the coroutine's; what is not on the path is answered with no."""
    block, no = made.blocks[place], len(number)
    match end:
        case ir.Goto(target):
            block.end = ir.Goto(number.get(target, no))
        case ir.Branch(test, then, orelse):
            block.end = ir.Branch(test, number.get(then, no), number.get(orelse, no))
        case ir.Return(value):
            answer = _answer(made, block.label, True, value)
            block.ops += answer.ops
            block.end = answer.end
        case ir.Await(dest):
            _try(made, block, [(dest, *call) for call in ir.awaited(end)], number.get(end.resume, no), no, leaves)
        case ir.Fork():
            _try(made, block, list(end.calls()), number.get(end.resume, no), no, leaves)
        case _:
            raise AssertionError(f"{end} does more than look")


def _try(
    made: ir.Function, block: ir.Block, calls: list[tuple[ir.Local | None, str, tuple[ir.Operand, ...]]], resume: int,
    no: int, leaves: Leaves,
) -> None:  # fmt: skip
    """Ask the leaf function of one call after the other, as long as they know."""
    for position, (dest, callee, arguments) in enumerate(calls):
        leaf = leaves[callee]
        answer, done = made.new_local("answer", leaf.result), made.new_local("done", boolean)
        block.ops += [ir.Call(answer, leaf.name, arguments, raises=False), ir.Extract(done, answer, 0)]
        if dest is not None:
            # Read where it is known only: nobody does where it is not.
            block.ops.append(ir.Extract(dest, answer, 1))
        if position + 1 == len(calls):
            block.end = ir.Branch(done, resume, no)
            return
        following = ir.Block(block.label, [], ir.Goto(no))
        made.blocks.append(following)
        block.end = ir.Branch(done, len(made.blocks) - 1, no)
        block = following


def _answer(made: ir.Function, label: str, known: bool, value: ir.Operand | None) -> ir.Block:
    assert isinstance(made.result, Tuple)
    items: tuple[ir.Operand, ...] = (ir.Const(boolean, known),)
    if len(made.result.elements) == 2:
        items += (value if value is not None else ir.zero(made.result.elements[1]),)
    pair = made.new_local("answer", made.result)
    return ir.Block(label, [ir.Pack(pair, items)], ir.Return(pair))
