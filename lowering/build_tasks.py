"""Tasks: a coroutine begun as a task of its own, which runs to its end whether anybody awaits it or not.

    t = create_task(f(x))           t = make Task(words of the result)      coroutine f.kept(t, x):
                                    room for f.kept -> begin                  result = await f(x)
                           ──▶    begin:                                      task.finish(t, result)
                                    spawn f.kept(t, x) -> ...                 return
    await t                         wait task.join(t) -> ...

A coroutine such as `f.kept` is only ever begun this way, so that its end need not ask who waits for it. There are up to
four of them for one f: with or without a task that is kept, and with or without a group, whose count it enters and
leaves.
"""

from __future__ import annotations

from coro2cuda.frontend import objects, tree
from coro2cuda.frontend.dtypes import NoneValue, Reference, boolean, u32
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering import build_scopes as scopes
from coro2cuda.lowering import ir
from coro2cuda.lowering.builder import Builder
from coro2cuda.lowering.frame import size_of
from coro2cuda.lowering.scan import Facts


def create_task(b: Builder, node: tree.CreateTask, into: ir.Local | None = None) -> ir.Operand:
    """Begin the task; its arguments are evaluated first. The task, if it is used."""
    from coro2cuda.lowering.build_expressions import evaluate, evaluate_all

    kept = isinstance(node.type, Reference)
    wrapper = _wrapper(b, node, kept)
    group = None if node.group is None else evaluate(b, node.group)
    operands = evaluate_all(b, node.arguments)
    task = _make_task(b, node, b.temporary(node.type, "task")) if kept else None
    answered = None
    if group is not None:
        answered = b.temporary(u32, "answered")
        b.emit(ir.Operate(answered, "group.enter", (group,)))
        if b.tables.cancels and task is not None:
            b.emit(ir.Operate(None, "group.adopt", (group, task, answered)))
    begin, after = b.block("begin"), b.block()
    b.end(ir.Room(wrapper, begin, node.span))
    b.place(begin)
    given = (task, group, answered if group is not None and task is None else None)
    b.end(ir.Spawn(wrapper, (*(one for one in given if one is not None), *operands), after, node.span))
    b.place(after)
    return task if task is not None else ir.Const(NoneValue(), None)


def _make_task(b: Builder, node: tree.CreateTask, dest: ir.Local) -> ir.Local:
    assert isinstance(node.type, Reference)
    words = -(-size_of(node.type.element) // 4)
    b.emit(ir.MakeObject(dest, ir.Const(u32, words), b.object_site("task", node.span)))
    b.raise_if(arithmetic.compare(b, "eq", dest, ir.Const(node.type, 0)), objects.HEAP_FULL, node.span)
    return dest


def _wrapper(b: Builder, node: tree.CreateTask, kept: bool) -> str:
    """The coroutine that is the task: one for each coroutine that is begun, and what is done at its end."""
    name = f"{node.coroutine}.task" + (".kept" if kept else "") + (".grouped" if node.group is not None else "")
    if name not in b.tables.made:
        b.tables.made[name] = _made(b, node, name, kept)
    return name


def _made(b: Builder, node: tree.CreateTask, name: str, kept: bool) -> ir.Function:
    callee = b.tables.typed[node.coroutine]
    task = tree.Variable("task", node.type, parameter=True) if kept else None
    group = None if node.group is None else tree.Variable("group", node.group.type, parameter=True)
    answered = tree.Variable("answered", u32, parameter=True) if group is not None and task is None else None
    own = tuple(variable for variable in (task, group, answered) if variable is not None)
    source = tree.Function(name, callee.title, callee.span, True, (*own, *callee.parameters), NoneValue(), ())
    inner = Builder(source, b.tables, Facts())
    mine, ours, seen = (None if variable is None else inner.local(variable) for variable in (task, group, answered))
    failed, error, begins = inner.block("failed"), inner.temporary(u32, "error"), inner.block("begins")
    cancelled_first = scopes.begin_task(inner, mine, ours, seen)
    if cancelled_first is not None:
        cancelled, early = inner.temporary(boolean), inner.block("early")
        inner.emit(ir.WasCancelled(cancelled, cancelled_first))
        inner.branch(cancelled, early, begins, rare=True)
        with inner.aside(early):
            inner.assign(error, scopes.new_error(inner, objects.CANCELLED, node.span))
            inner.goto(failed)
        inner.place(begins)
    result = None
    if kept and not isinstance(callee.result, NoneValue):
        result = inner.temporary(callee.result, "result")
    operands = tuple(map(inner.local, callee.parameters))
    after = inner.block()
    inner.end(ir.Await(result, node.coroutine, operands, after, node.span, failed, error))
    with inner.aside(failed):
        scopes.task_fails(inner, mine, ours, error)
    inner.place(after)
    if mine is not None:
        inner.emit(ir.Operate(None, "task.close" if result is None else "task.finish", (mine,), result))
    if ours is not None:
        inner.emit(ir.Operate(None, "group.leave", (ours,)))
    return inner.finish()
