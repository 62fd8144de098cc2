"""`create_task`: a coroutine begun as a task of its own, which runs to its end whether anybody awaits it or not.

    create_task(f(x))               room for f.task -> begin             coroutine f.task(x):
                           ──▶    begin:                                   await f(x)
                                    spawn f.task(x) -> ...                 return

The coroutine `f.task` is only ever begun this way, so that its end need not ask who waits for it.
"""

from __future__ import annotations

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import NoneValue
from coro2cuda.lowering import ir
from coro2cuda.lowering.builder import Builder
from coro2cuda.lowering.scan import Facts


def create_task(b: Builder, node: tree.CreateTask) -> ir.Operand:
    """Begin the task; the arguments are evaluated first."""
    from coro2cuda.lowering.build_expressions import evaluate_all

    wrapper = _wrapper(b, node)
    operands = evaluate_all(b, node.arguments)
    begin, after = b.block("begin"), b.block()
    b.end(ir.Room(wrapper, begin, node.span))
    b.place(begin)
    b.end(ir.Spawn(wrapper, operands, after, node.span))
    b.place(after)
    return ir.Const(node.type, None)


def _wrapper(b: Builder, node: tree.CreateTask) -> str:
    """The coroutine that is the task: one for each coroutine that is begun."""
    name = f"{node.coroutine}.task"
    if name not in b.tables.made:
        callee = b.tables.typed[node.coroutine]
        source = tree.Function(name, callee.title, callee.span, True, callee.parameters, NoneValue(), ())
        inner = Builder(source, b.tables, Facts())
        operands = tuple(map(inner.local, callee.parameters))
        after = inner.block()
        inner.end(ir.Await(None, node.coroutine, operands, after, node.span))
        inner.place(after)
        b.tables.made[name] = inner.finish()
    return name
