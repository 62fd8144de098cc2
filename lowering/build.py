"""Typed tree to CFG: `build` makes one `ir.Function` of each function of a module.

    async def collatz(n: i32) -> i32:           coroutine collatz(n: i32) -> i32
        steps = 0                                 entry:
        while n != 1:                               steps = 0:i32
            await reschedule()                      goto while
            n = n // 2 if n % 2 == 0 else           while:
                3 * n + 1                           %2 = n ne 1:i32
            steps += 1                              branch %2 ? body : after
        return steps                              body:
                                                    reschedule -> resume
                                                  ...

Everything implicit in Python becomes explicit here: checks that raise, evaluation order, how loops count. The parts:
`scan` looks ahead, `builder` holds the CFG while it grows, `build_arithmetic` and `build_arrays` work on operands,
`build_loops` makes counted loops, `build_expressions` and `build_statements` walk the tree.
"""

from __future__ import annotations

import dataclasses

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import u32
from coro2cuda.lowering import ir
from coro2cuda.lowering.build_statements import statements
from coro2cuda.lowering.builder import Builder, Tables
from coro2cuda.lowering.scan import Facts, scan


def build(module: tree.Module, builder: type[Builder] = Builder) -> ir.Module:
    """The IR of a module. Captured array `i` is Uniform `i`; a `builder` of another class sees ops and their places."""
    tables, facts = Tables(typed=module.functions, classes=module.classes, cancels=module.cancels), _scan_all(module)
    builders = {name: _build(builder(node, tables, facts[name]), node) for name, node in module.functions.items()}
    functions = {name: made.function for name, made in builders.items()} | tables.made
    raising = _raising(functions)
    for function in functions.values():
        function.raises = function.name in raising
        _mark_calls(function, raising)
    catches = any(builder.catches for builder in builders.values())
    return ir.Module(module.root, functions, list(tables.sites), list(tables.formats), tables.classes,
                     list(tables.places), catches, module.cancels)  # fmt: skip


def _build(builder: Builder, source: tree.Function) -> Builder:
    statements(builder, source.body)
    builder.finish()
    return builder


def _scan_all(module: tree.Module) -> dict[str, Facts]:
    """Facts of all functions; a loop that calls a function with loops nests them, so callees come first."""
    facts: dict[str, Facts] = {}

    def height_of(name: str) -> int:
        function = module.functions.get(name)
        if function is None:
            return 1
        if name not in facts:
            facts[name] = Facts(height=1)
            facts[name] = scan(function, height_of)
        return facts[name].height

    for name in module.functions:
        height_of(name)
    return facts


def _raising(functions: dict[str, ir.Function]) -> set[str]:
    """Functions that may end in Raise, or in Poll (also one that `poll.guard_loops` will add); so may their callers."""
    raising = {name for name, function in functions.items() if function.kind != "plain" or _may_fail(function)}
    callers: dict[str, set[str]] = {}
    for name, function in functions.items():
        for callee in _callees(function):
            callers.setdefault(callee, set()).add(name)
    pending = list(raising)
    while pending:
        for caller in callers.get(pending.pop(), set()) - raising:
            raising.add(caller)
            pending.append(caller)
    return raising


def _may_fail(function: ir.Function) -> bool:
    return any(
        isinstance(block.end, ir.Raise | ir.Throw | ir.Stop | ir.Poll)
        or (isinstance(block.end, ir.Goto) and block.end.target <= index and not block.end.bounded)
        for index, block in enumerate(function.blocks)
    )


def _callees(function: ir.Function) -> set[str]:
    return {op.function for block in function.blocks for op in block.ops if isinstance(op, ir.Call)}


def _mark_calls(function: ir.Function, raising: set[str]) -> None:
    for block in function.blocks:
        for position, op in enumerate(block.ops):
            if isinstance(op, ir.Call) and op.function not in raising:
                block.ops[position] = dataclasses.replace(op, raises=False, error=None)
                if op.error is not None:
                    block.ops.insert(position + 1, ir.Copy(op.error, ir.Const(u32, 0)))
