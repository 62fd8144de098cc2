"""Find parameters that are equal for all tasks of a launch, and read them from the launch instead of the frame.

    task(t):                                     task(t):
      await walk(t, uniform 0)                     await walk(t, uniform 0)
    walk(i, tally):                              walk(i, tally):
      ...                                          ...
      store tally[i]        # a slot of 3 words    store (uniform 0)[i]      # no slot

A parameter is uniform if it is never reassigned and every await passes the same Uniform for it; through chains of calls
and recursion this is an optimistic fixed point over the call graph (Callahan et al., "Interprocedural constant
propagation", 1986). Constants go the same way.
"""

from __future__ import annotations

from coro2cuda.lowering import ir
from coro2cuda.lowering.liveness import written
from coro2cuda.lowering.simplify import substitute

Known = ir.Uniform | ir.Const
VARIES = object()


def propagate(module: ir.Module) -> None:
    """Replace uniform and constant parameters of coroutines by their value, in place. The parameters stay (unused)."""
    known = _solve(module)
    for (name, position), value in known.items():
        if isinstance(value, Known):
            function = module.functions[name]
            substitute(function, {function.parameters[position]: value})


def _solve(module: ir.Module) -> dict[tuple[str, int], object]:
    coroutines = [function for function in module.functions.values() if function.kind == "coroutine"]
    fixed = {function.name: _never_written(function) for function in coroutines}
    known: dict[tuple[str, int], object] = {}
    calls = [(function, *call) for function in coroutines for block in function.blocks
             for call in ir.begun(block.end)]  # fmt: skip
    changed = True
    while changed:
        changed = False
        for caller, callee, arguments in calls:
            for position, argument in enumerate(arguments):
                key = (callee, position)
                if not fixed[callee][position]:
                    continue
                met = _meet(known.get(key), _value(caller, argument, known, fixed))
                if met != known.get(key):
                    known[key] = met
                    changed = True
    return known


def _never_written(function: ir.Function) -> list[bool]:
    dests = {dest for block in function.blocks for op in block.ops for dest in written(op)}
    dests |= {dest for block in function.blocks for dest in ir.born(block.end)}
    return [parameter not in dests for parameter in function.parameters]


def _value(
    caller: ir.Function, argument: ir.Operand, known: dict[tuple[str, int], object], fixed: dict[str, list[bool]]
) -> object:
    """What is known of an argument: a Known, VARIES, or None for a parameter nothing is known of yet."""
    if isinstance(argument, Known):
        return argument
    if argument in caller.parameters:
        position = caller.parameters.index(argument)
        return known.get((caller.name, position)) if fixed[caller.name][position] else VARIES
    return VARIES


def _meet(left: object, right: object) -> object:
    if left is None or right is None:
        return right if left is None else left
    return left if left is not VARIES and right is not VARIES and left == right else VARIES
