"""Synchronisation objects of the typed tree to ops: made, operated on, waited for, and held in `async with`.

    x = await queue.get()                  x = wait queue.get(queue) -> resume
    lock.release()               ──▶       %1 = lock.release(lock)
                                           branch %1 ne 0 ? raise : ...

The executor's functions tell by a number what went wrong; which exception that is stands in `frontend.objects`.
"""

from __future__ import annotations

from collections.abc import Callable

from coro2cuda.frontend import objects, tree
from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import NoneValue, Reference, boolean, f64, i64, u32
from coro2cuda.lowering import abi, ir
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering import build_scopes as scopes
from coro2cuda.lowering.builder import TRUE, Builder

MOST = 0x7FFFFFFF  # of an object's number: more is as good as no bound
Evaluate = Callable[[Builder, tree.Expression, "ir.Local | None"], ir.Operand]


def make(b: Builder, node: tree.MakeObject, evaluate: Evaluate, into: ir.Local | None) -> ir.Operand:
    """A new object."""
    assert isinstance(node.type, Reference)
    maker = objects.MAKERS[node.type.kind]
    argument: ir.Operand = ir.Const(u32, 0)
    if node.arguments:
        argument = evaluate(b, node.arguments[0], None)
        if not isinstance(argument.type, Reference):
            argument = _number(b, argument, maker, node)
    dest = into or b.temporary(node.type, "object")
    b.emit(ir.MakeObject(dest, argument, b.object_site(node.type.kind, node.span)))
    full = arithmetic.compare(b, "eq", dest, ir.Const(node.type, 0))
    b.raise_if(full, objects.HEAP_FULL, node.span)
    return dest


def _number(b: Builder, number: ir.Operand, maker: objects.Maker, node: tree.MakeObject) -> ir.Operand:
    """The whole number an object is made with, checked, as u32; a queue's size below 1 means no bound."""
    if maker.least is not None:
        too_small = arithmetic.compare(b, "lt", number, ir.Const(i64, maker.least))
        b.raise_if(too_small, ("ValueError", maker.error), node.span)
    number = arithmetic.least(b, arithmetic.greatest(b, number, ir.Const(i64, 0)), ir.Const(i64, MOST))
    return arithmetic.convert(b, number, u32)


def operate(b: Builder, node: tree.Operation, evaluate: Evaluate, into: ir.Local | None) -> ir.Operand:
    """An operation that does not wait; its value."""
    target, *others = (evaluate(b, part, None) for part in (node.object, *node.arguments))
    method = _method(node)
    item = others.pop() if method.gives else None
    numbers = tuple(_count(b, number) for number in others)
    if method.errors:
        into = None  # what is assigned keeps its value if nothing comes of it
    taken = into or b.temporary(node.type, "item") if method.takes else None
    told = bool(method.errors) or method.result in (boolean, i64)
    outcome = b.temporary(u32, "outcome") if told else None
    b.emit(ir.Operate(outcome, node.op, (target, *numbers), item, taken))
    for number, error in enumerate(method.errors, 1):
        assert outcome is not None
        b.raise_if(arithmetic.compare(b, "eq", outcome, ir.Const(u32, number)), error, node.span)
    if taken is not None:
        return taken
    if outcome is None or method.errors:
        return ir.Const(NoneValue(), None)
    if node.type == boolean:
        return arithmetic.compare(b, "ne", outcome, ir.Const(u32, 0), into)
    return arithmetic.convert(b, outcome, node.type, into)


def wait(b: Builder, node: tree.Wait, evaluate: Evaluate, into: ir.Local | None) -> ir.Operand:
    """An operation that may wait; its value."""
    target, *others = (evaluate(b, part, None) for part in (node.object, *node.arguments))
    if node.op in ("task.join", "task.end"):
        result = b.temporary(node.type, "result") if node.op == "task.join" else None
        scopes.join(b, target, result, node.span)
        return ir.Const(NoneValue(), None) if result is None else result
    if node.op == "task.result":
        return _result(b, node, target)
    if node.op == "sleep":
        target = duration(b, target, node.span)
    method = _method(node)
    if method.errors or b.tables.cancels:
        into = None  # what is assigned keeps its value if nothing comes of it
    item = others.pop() if method.gives else None
    place: ir.Local | None = None
    if item is not None:
        place = b.temporary(item.type, "given")
    elif method.takes:
        place = (into or b.temporary(node.type, "item")) if method.result == objects.ITEM else b.temporary(u32, "item")
    resume = b.block("resume")
    numbers = tuple(_count(b, number) for number in others)
    outcome = b.temporary(u32, "outcome") if method.errors or b.tables.cancels else None
    b.end(ir.Wait(node.op, (target, *numbers), resume, node.span, item, place, outcome))
    b.place(resume)
    if b.tables.cancels and outcome is not None:
        scopes.raise_if_cancelled(b, outcome, node.span)
    for number, error in enumerate(method.errors, abi.FIRST_ERROR):
        assert outcome is not None
        b.raise_if(arithmetic.compare(b, "eq", outcome, ir.Const(u32, number)), error, node.span)
    if method.result == "true":
        return TRUE
    if method.takes and place is not None:
        return place if place.type == node.type else arithmetic.convert(b, place, node.type, into)
    return ir.Const(NoneValue(), None)


def _result(b: Builder, node: tree.Wait, task: ir.Operand) -> ir.Operand:
    """Of a task that is done; it is read as by who waits for it, which is over at once."""
    done = b.temporary(u32, "done")
    b.emit(ir.Operate(done, "task.done", (task,)))
    b.raise_if(arithmetic.compare(b, "eq", done, ir.Const(u32, 0)), objects.NOT_DONE, node.span)
    result = None if isinstance(node.type, NoneValue) else b.temporary(node.type, "result")
    scopes.finished(b, task, result, node.span)
    return ir.Const(NoneValue(), None) if result is None else result


def duration(b: Builder, seconds: ir.Operand, span: Span) -> ir.Operand:
    """Seconds as nanoseconds; longer than 292 years is that."""
    not_a_number = arithmetic.compare(b, "ne", seconds, seconds)
    b.raise_if(not_a_number, ("ValueError", "Invalid delay: NaN (not a number)"), span)
    return arithmetic.convert(b, arithmetic.compute(b, "mul", seconds, ir.Const(f64, 1e9)), i64)


def _method(node: tree.Operation | tree.Wait) -> objects.Method:
    return objects.by_operation(node.op)


def _count(b: Builder, number: ir.Operand) -> ir.Operand:
    """How many: none if it is negative."""
    number = arithmetic.least(b, arithmetic.greatest(b, number, ir.Const(i64, 0)), ir.Const(i64, MOST))
    return arithmetic.convert(b, number, u32)
