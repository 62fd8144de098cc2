"""Take out of a program what it has for cancellation, if nothing can cancel; and find out whether it keeps errors.

    %1 = scope.poll()                                       (nothing)
    %2 = %1 is cancelled                   ──▶              goto more
    branch %2 ? raise : more

The builder puts this wherever a program has task groups, since a task that fails cancels its group. Whether any can
fail is only known of the whole program: so it is taken out on trial, and if then no error reaches a group, no task has
`cancel` called and no timeout is set, it stays out.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from coro2cuda.frontend.dtypes import boolean, u32
from coro2cuda.frontend.objects import by_operation
from coro2cuda.lowering import ir, unwind
from coro2cuda.lowering.builder import retarget
from coro2cuda.lowering.simplify import substitute

CANCELLERS: Final = frozenset(
    ("task.cancel", "list.cancel", "timeout.arm", "group.cancel", "group.fail", "group.share")
)  # fmt: skip
KEEPERS: Final = frozenset(("task.fail", "task.lose", "task.cease", "group.fail", "group.share"))


def drop(module: ir.Module) -> None:
    """Set `cancels` and `catches` to what is true of the module, and leave nothing that is for nothing; in place."""
    if module.cancels:
        trial = _copy(module)
        for function in trial.functions.values():
            _take_out(function)
        unwind.make_explicit(trial)
        for function in trial.functions.values():
            prune(function)
        if not _has(trial, CANCELLERS):
            module.functions = trial.functions
            module.cancels = False
    explicit = _copy(module)
    unwind.make_explicit(explicit)
    module.catches |= module.cancels or _has(explicit, KEEPERS)


def _copy(module: ir.Module) -> ir.Module:
    functions = {
        name: dataclasses.replace(
            function,
            blocks=[ir.Block(block.label, list(block.ops), block.end) for block in function.blocks],
            locals=list(function.locals),
        )
        for name, function in module.functions.items()
    }
    return dataclasses.replace(module, functions=functions)


def _has(module: ir.Module, operations: frozenset[str]) -> bool:
    """Whether one of them can be reached, in a function that is."""
    seen: set[str] = set()
    pending = [module.root]
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        function = module.functions[name]
        for index in function.reachable():
            block = function.blocks[index]
            if any(isinstance(op, ir.Operate) and op.op in operations for op in block.ops):
                return True
            pending += [callee for callee, _ in ir.begun(block.end)]
    return False


def _take_out(function: ir.Function) -> None:
    values: dict[ir.Local, ir.Operand] = {}
    for block in function.blocks:
        kept: list[ir.Op] = []
        for op in block.ops:
            match op:
                case ir.WasCancelled(dest):
                    values[dest] = ir.Const(boolean, False)
                case ir.Operate(dest, name) if by_operation(name).frame or name == "group.adopt":
                    if dest is not None:
                        values[dest] = ir.Const(u32, 0)
                case _:
                    kept.append(op)
        block.ops = kept
    substitute(function, values)
    substitute(function, _decided(function))
    for block in function.blocks:
        match block.end:
            case ir.Branch(ir.Const(_, value), then, orelse):
                block.end = ir.Goto(then if value else orelse)
    prune(function)
    _forget_outcomes(function)


def _decided(function: ir.Function) -> dict[ir.Local, ir.Operand]:
    """What comparisons of constants give, each the only definition of its local; they are dropped."""
    values: dict[ir.Local, ir.Operand] = {}
    for block in function.blocks:
        for op in block.ops:
            match op:
                case ir.Compare(dest, ("eq" | "ne") as name, ir.Const(_, left), ir.Const(_, right)):
                    values[dest] = ir.Const(boolean, (left == right) == (name == "eq"))
        block.ops = [op for op in block.ops if op.dest not in values]
    return values


def _forget_outcomes(function: ir.Function) -> None:
    """A wait tells what came of it only where somebody looks."""
    read = {source for block in function.blocks for node in (*block.ops, block.end) for source in node.sources()}
    for block in function.blocks:
        if isinstance(block.end, ir.Wait) and block.end.outcome not in read:
            block.end = dataclasses.replace(block.end, outcome=None)


def prune(function: ir.Function) -> None:
    """Drop the blocks that cannot be reached; in place."""
    kept = sorted(function.reachable())
    numbers = {index: number for number, index in enumerate(kept)}
    function.blocks = [function.blocks[index] for index in kept]
    for block in function.blocks:
        block.end = retarget(block.end, numbers)
