"""Every way that an error can take out of a call or an await, made explicit before split.

    r = await f(x) -> more              r = await f(x) -> more, e -> unwind
    more:                               more:
      y = call g(r)            ──▶        failed, y = call g(r)
      ...                                 branch failed ne 0 ? cold : called   (rarely)
                                        called:
                                          ...
                                        cold:     branch failed eq STOP ? stop : passed
                                        passed:   trace failed, place; throw failed
                                        unwind:   trace e, place; throw e

Where nothing can fail nothing is added, and what stood ready for its errors goes: a handler around an await of a
coroutine that never raises is dead code.
"""

from __future__ import annotations

import dataclasses

from coro2cuda.frontend.dtypes import boolean, u32
from coro2cuda.lowering import abi, ir


def make_explicit(module: ir.Module) -> None:
    """Give an unwind edge to each await of a coroutine that may fail, and to none else; in place."""
    failing = find_failing(module)
    for function in module.functions.values():
        if function.kind == "coroutine":
            for block in list(function.blocks):
                _await(function, block, failing)
                _calls(function, block, failing)


def find_failing(module: ir.Module) -> frozenset[str]:
    """The functions that an error may leave: the least fixed point."""
    found: set[str] = set()
    changed = True
    while changed:
        changed = False
        for name, function in module.functions.items():
            if name not in found and _fails(function, found):
                found.add(name)
                changed = True
    return frozenset(found)


def _fails(function: ir.Function, failing: set[str]) -> bool:
    """Whether an error may leave it, given what else fails: looks only where control can get."""
    seen: set[int] = set()
    stack = [0]
    while stack:
        index = stack.pop()
        if index in seen:
            continue
        seen.add(index)
        block = function.blocks[index]
        if isinstance(block.end, ir.Raise | ir.Throw) or any(passes_on(op, failing) for op in block.ops):
            return True
        stack += _ways(block.end, failing)
        if _await_fails(block.end, failing) and getattr(block.end, "unwind", None) is None:
            return True
    return False


def passes_on(op: ir.Op, failing: set[str] | frozenset[str]) -> bool:
    """Whether the op may end its function with an error."""
    return isinstance(op, ir.Call) and op.error is None and op.raises and op.function in failing


def _await_fails(end: ir.Terminator, failing: set[str] | frozenset[str]) -> bool:
    return any(callee in failing for callee, _ in ir.awaited(end))


def _ways(end: ir.Terminator, failing: set[str]) -> tuple[int, ...]:
    if isinstance(end, ir.Await | ir.Fork) and not _await_fails(end, failing):
        return (end.resume,)
    return end.targets()


def _await(function: ir.Function, block: ir.Block, failing: frozenset[str]) -> None:
    end = block.end
    if not isinstance(end, ir.Await | ir.Fork):
        return
    if not _await_fails(end, failing):
        block.end = dataclasses.replace(end, unwind=None, error=None)
    elif end.unwind is None:
        error = function.new_local("error", u32)
        unwind = _append(function, _passing("unwind", error, end.place))
        block.end = dataclasses.replace(end, unwind=unwind, error=error)


def _calls(function: ir.Function, block: ir.Block, failing: frozenset[str]) -> None:
    """Split the block after each call that may fail."""
    position = next((place for place, op in enumerate(block.ops) if passes_on(op, failing)), None)
    if position is None:
        return
    call = block.ops[position]
    assert isinstance(call, ir.Call)
    failed, error = function.new_local("failed", boolean), function.new_local("error", u32)
    stops = function.new_local("stops", boolean)
    rest = ir.Block("called", block.ops[position + 1 :], block.end)
    passing = _append(function, _passing("passed", error, call.place))
    stop = _append(function, ir.Block("stop", [], ir.Stop()))
    is_stop = ir.Compare(stops, "eq", error, ir.Const(u32, abi.STOP_IN_FLIGHT))
    cold = _append(function, ir.Block("failed", [is_stop], ir.Branch(stops, stop, passing)))
    block.ops[position:] = [
        dataclasses.replace(call, error=error),
        ir.Compare(failed, "ne", error, ir.Const(u32, 0)),
    ]
    block.end = ir.Branch(failed, cold, _append(function, rest), rare=True)
    _calls(function, rest, failing)


def _passing(label: str, error: ir.Local, place: int) -> ir.Block:
    ops: list[ir.Op] = [ir.OnError("trace", error, ir.Const(u32, place))] if place >= 0 else []
    return ir.Block(label, ops, ir.Throw(error))


def _append(function: ir.Function, block: ir.Block) -> int:
    function.blocks.append(block)
    return len(function.blocks) - 1
