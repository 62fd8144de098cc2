"""Drop copies that the builder made for generality, before they cost frame slots.

    %1 = uniform 0        ->   (every use of x reads uniform 0)
    x = %1

A local with one definition, a Copy of a constant, of a Uniform or of a local that itself has one definition, is
replaced by its source. This is sound because a local is defined before it is used on every path: a path that defines
the source anew, but not the copy, before a use of the copy would also reach that use with the copy undefined.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from typing import Any

from coro2cuda.lowering import ir
from coro2cuda.lowering.liveness import written


def simplify(function: ir.Function) -> None:
    """Replace single-definition copies in one function, in place."""
    counts = _definitions(function)
    sources: dict[ir.Local, ir.Operand] = {}
    for block in function.blocks:
        for op in block.ops:
            if isinstance(op, ir.Copy) and counts[op.dest] == 1 and _is_fixed(op.source, counts):
                sources[op.dest] = op.source
    resolved = {local: _resolve(local, sources) for local in sources}
    if resolved:
        substitute(function, resolved)
        for block in function.blocks:
            block.ops = [op for op in block.ops if not (isinstance(op, ir.Copy) and op.dest in resolved)]


def substitute(function: ir.Function, values: dict[ir.Local, ir.Operand]) -> None:
    """Read `values` instead of the locals, everywhere in the function."""
    for block in function.blocks:
        block.ops = [replace_sources(op, values) for op in block.ops]
        block.end = replace_sources(block.end, values)


def replace_sources(node: Any, values: dict[ir.Local, ir.Operand]) -> Any:
    """The op or terminator with its sources replaced; what it defines stays."""
    if not any(isinstance(source, ir.Local) and source in values for source in node.sources()):
        return node
    changes: dict[str, Any] = {}
    for name in _operand_fields(node.__class__):
        value = getattr(node, name)
        if isinstance(value, tuple):
            changes[name] = tuple(values.get(item, item) for item in value)
        elif value in values:
            changes[name] = values[value]
    return dataclasses.replace(node, **changes)


@functools.cache
def _operand_fields(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a node that hold operands it reads: by their declared type, so that new ops need no entry here."""
    reads = ("Operand", "Operand | None", "tuple[Operand, ...]")
    return tuple(field.name for field in dataclasses.fields(kind) if field.type in reads)


def _definitions(function: ir.Function) -> Counter[ir.Local]:
    counts: Counter[ir.Local] = Counter(function.parameters)
    for block in function.blocks:
        for op in block.ops:
            counts.update(written(op))
        counts.update(ir.born(block.end))
    return counts


def _is_fixed(source: ir.Operand, counts: Counter[ir.Local]) -> bool:
    return not isinstance(source, ir.Local) or counts[source] == 1


def _resolve(local: ir.Operand, sources: dict[ir.Local, ir.Operand]) -> ir.Operand:
    while isinstance(local, ir.Local) and local in sources:
        local = sources[local]
    return local
