"""`gather` to Fork: calls that are written out, and as many as a comprehension makes (`build_spread`).

The arguments of a comprehension's call are computed when the child begins. So they may have no effects, and must not
read what children write: `_check_reads` sees to that by the types of elements, since nothing tells whether two arrays
overlap.
"""

from __future__ import annotations

from coro2cuda.frontend import tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Array, Tuple
from coro2cuda.lowering import build_positions as positions
from coro2cuda.lowering import build_scopes as scopes
from coro2cuda.lowering import build_spread as spread
from coro2cuda.lowering import effects, ir
from coro2cuda.lowering.builder import Builder


def gather(b: Builder, node: tree.Gather, dests: tuple[ir.Local | None, ...]) -> None:
    """Run the coroutines that are written out; their results go to `dests`."""
    from coro2cuda.lowering.build_expressions import evaluate_all

    coroutines = tuple(name for name, _ in node.calls)
    counts = tuple(len(arguments) for _, arguments in node.calls)
    operands = evaluate_all(b, [argument for _, arguments in node.calls for argument in arguments])
    resume = b.block("resume")
    b.end(ir.Fork(dests, coroutines, counts, operands, resume, node.span, (), *b.unwinding(node.span)))
    b.place(resume)
    scopes.poll(b, node.span)


def gathered(b: Builder, node: tree.Gather | tree.GatherEach, into: ir.Local | None) -> ir.Operand:
    """The value of a gather."""
    if isinstance(node, tree.GatherEach):
        return _each(b, node)
    assert isinstance(node.type, Tuple)
    dest, results = into or b.temporary(node.type), tuple(b.temporary(type, "result") for type in node.type.elements)
    gather(b, node, results)
    b.emit(ir.Pack(dest, results))
    return dest


# --- over a comprehension ---------------------------------------------------------------------------------------------


def _each(b: Builder, node: tree.GatherEach) -> ir.Operand:
    _check_reads(b, node)
    found = spread.run(b, node, _captured(node))
    scopes.poll(b, node.span)
    return found


def _computed(node: tree.GatherEach) -> tuple[tree.Expression, ...]:
    return node.arguments if node.test is None else (node.test, *node.arguments)


def _captured(node: tree.GatherEach) -> list[tree.Variable]:
    """The variables of the function that the arguments read."""
    inner = positions.variable(node.loop)
    parts = [part for one in _computed(node) for part in tree.walk(one)]
    names = [part.variable for part in parts if isinstance(part, tree.Name)]
    return [variable for variable in dict.fromkeys(names) if variable is not inner]


def _check_reads(b: Builder, node: tree.GatherEach) -> None:
    """Refuse arguments that read an array while the children that have begun may write it."""
    found = effects.of_expressions(b.tables.typed, _computed(node))
    reads = dict(found.reads)
    if isinstance(node.loop, tree.ForArray):
        array = node.loop.array.type
        assert isinstance(array, Array)
        if array.ndim == 1:
            reads.setdefault(array.element, node.loop.span)
    if found.effect is not None:
        raise CompileError("the arguments in a comprehension of gather() have no effects", found.effect,
                           "do it in the coroutine that it calls")  # fmt: skip
    written = effects.of_function(b.tables.typed, node.coroutine).writes
    for element, span in reads.items():
        if element in written:
            raise CompileError(
                f"this reads an array of {element} while coroutines that have begun may write arrays of {element}",
                span,
                "pass the index, and read the array in the coroutine that is called",
            )
