"""Lists, of numbers and of tasks: made, filled, and waited for.

    [create_task(f(i)) for i in range(n)]       list = make list of n
                                         ──▶    for each position: create the task, list.append(list, task)
    await gather(*tasks), gather(t, u)          for each task: wait task.join(task); the first error, if it has one
                                                the first error? raise it; was cancelled? raise CancelledError
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from coro2cuda.frontend import objects, tree
from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Array, NoneValue, Pointer, Reference, Scalar, Tuple, Type, boolean, i64, u32
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering import build_arrays as arrays
from coro2cuda.lowering import build_loops as loops
from coro2cuda.lowering import build_positions as positions
from coro2cuda.lowering import build_scopes as scopes
from coro2cuda.lowering import build_tasks as tasks
from coro2cuda.lowering import ir
from coro2cuda.lowering.builder import TRUE, Builder
from coro2cuda.lowering.scan import LoopFacts

ONE = ir.Const(u32, 1)
FIRST_ROOM = 8  # tasks in a list that begins empty


def make(b: Builder, type: Reference, length: ir.Operand, span: Span) -> ir.Local:
    """A new list; its length is a u32."""
    dest = b.temporary(type, "list")
    b.emit(ir.MakeList(dest, length, b.object_site("list", span)))
    b.raise_if(arithmetic.compare(b, "eq", dest, ir.Const(type, 0)), objects.HEAP_FULL, span)
    return dest


def elements(b: Builder, list: ir.Operand) -> ir.Local:
    """A list as an array, of handles if it is one of tasks."""
    assert isinstance(list.type, Reference)
    element = list.type.element
    kept = element if isinstance(element, Scalar) else u32
    dest = b.temporary(Array(kept, 1, contiguous=True), "elements")
    b.emit(ir.ListView(dest, list))
    return dest


def start_of(b: Builder, list: ir.Operand) -> ir.Local:
    """The address of a list's first element."""
    view = elements(b, list)
    dest = b.temporary(Pointer(arrays.array_type(view).element, "global"), "start")
    b.emit(ir.ArrayPart(dest, "address", view))
    return dest


def task_list(b: Builder, node: tree.TaskList) -> ir.Local:
    """Begin a task for each position, in order."""
    assert isinstance(node.type, Reference)
    source, count = positions.source(b, node.loop)
    kept = count if isinstance(count, ir.Const) else b.keep(count, "count")
    made, number = make(b, node.type, kept, node.span), b.temporary(u32, "number")
    begin, after = b.block("begin"), b.block()
    b.assign(number, ir.Const(u32, 0))
    b.branch(arithmetic.compare(b, "lt", number, kept), begin, after)
    b.place(begin)
    b.assign(b.local(positions.variable(node.loop)), positions.item(b, node.loop, source, number))
    task = tasks.create_task(b, node.task)
    b.emit(ir.Operate(None, "list.append", (made, task)))
    arithmetic.compute(b, "add", number, ONE, number)
    b.branch(arithmetic.compare(b, "lt", number, kept), begin, after)
    b.place(after)
    return made


def empty_list(b: Builder, node: tree.EmptyList) -> ir.Local:
    assert isinstance(node.type, Reference)
    return make(b, node.type, ir.Const(u32, FIRST_ROOM), node.span)


def append(b: Builder, node: tree.Append) -> ir.Operand:
    from coro2cuda.lowering.build_expressions import evaluate_all

    list, task = evaluate_all(b, (node.list, node.task))
    outcome = b.temporary(u32, "outcome")
    b.emit(ir.Operate(outcome, "list.append", (list, task)))
    b.raise_if(arithmetic.compare(b, "ne", outcome, ir.Const(u32, 0)), objects.HEAP_FULL, node.span)
    return ir.Const(NoneValue(), None)


def join_all(b: Builder, node: tree.JoinAll) -> ir.Operand:
    """Wait for all tasks of a list. If some have failed the error of the first of them in the list is raised; else who
    was cancelled meanwhile is told so, even if no task would be cancelled."""
    from coro2cuda.lowering.build_expressions import evaluate

    list = evaluate(b, node.tasks)
    assert isinstance(list.type, Reference)
    if node.results == "none":
        _each_task(b, node, list, lambda index, result: None)
        return ir.Const(NoneValue(), None)
    if node.results == "sum":
        total = b.temporary(node.type, "total")
        b.assign(total, ir.zero(node.type))
        _each_task(b, node, list, lambda index, result: arithmetic.compute(b, "add", total, result, total))
        return total
    assert isinstance(node.type, Reference)
    length = arithmetic.convert(b, arrays.extent(b, elements(b, list), 0), u32)
    made = make(b, node.type, length, node.span)

    def keep(index: ir.Operand, result: ir.Local) -> None:
        b.emit(ir.Store(arrays.element_at(b, elements(b, made), [index]), result))

    _each_task(b, node, list, keep)
    return made


def join_each(b: Builder, node: tree.GatherTasks, into: ir.Local | None) -> ir.Operand:
    """The same of tasks that are written out; the tuple of their results."""
    from coro2cuda.lowering.build_expressions import evaluate_all

    handles = evaluate_all(b, node.tasks)

    def cancel() -> None:
        for handle in handles:
            b.emit(ir.Operate(None, "task.cancel", (handle,)))

    types = node.type.elements if isinstance(node.type, Tuple) else ()
    results = tuple(b.temporary(type, "result") for type in types)
    joining = _Joining(b, node.span, cancel)
    for handle, result in itertools.zip_longest(handles, results):
        joining.one(handle, result if result is not None and _has_zero(result.type) else None)
    joining.settle()
    for handle, result in zip(handles, results, strict=False):
        if not _has_zero(result.type):
            scopes.finished(b, handle, result, node.span)
    if not results:
        return ir.Const(node.type, None)
    dest = into or b.temporary(node.type)
    b.emit(ir.Pack(dest, results))
    return dest


def _has_zero(type: Type) -> bool:
    return isinstance(type, Scalar) or (isinstance(type, Tuple) and all(map(_has_zero, type.elements)))


def _each_task(
    b: Builder, node: tree.JoinAll, list: ir.Operand, use: Callable[[ir.Operand, ir.Local], object]
) -> None:
    assert isinstance(list.type, Reference) and isinstance(list.type.element, Reference)
    type, index = list.type.element, b.temporary(i64, "index")
    joining = _Joining(b, node.span, lambda: b.emit(ir.Operate(None, "list.cancel", (list,))))

    def turn() -> None:
        handle = arrays.load(b, arrays.element_at(b, elements(b, list), [index]))
        task = b.temporary(type, "task")
        b.emit(ir.Convert(task, handle))
        result = None if node.results == "none" else b.temporary(type.element, "result")
        joining.one(task, result, lambda result: use(index, result))

    count = loops.Range(index, arrays.ZERO, lambda: arrays.extent(b, elements(b, list), 0), arrays.ONE)
    loops.counted(b, count, loops.plan(b, LoopFacts(suspends=True), None), turn)
    joining.settle()


class _Joining:
    """Waiting for several tasks, one after the other: the first error is kept to be raised when all are done, and
    whether the waiter was cancelled, upon which `cancel` cancels all of them."""

    def __init__(self, b: Builder, span: Span, cancel: Callable[[], None]) -> None:
        self.b, self.span, self.cancel = b, span, cancel
        self.first, self.cancelled = b.temporary(u32, "error"), b.temporary(boolean, "cancelled")
        b.assign(self.first, scopes.ZERO)
        b.assign(self.cancelled, ir.Const(boolean, False))

    def one(
        self, task: ir.Operand, result: ir.Local | None, use: Callable[[ir.Local], object] | None = None
    ) -> None:
        """Wait for a task, and use its result if there is one; without a use for it, it is kept, 0 if there is none."""
        b = self.b
        outcome = scopes.wait_through(b, task, result, self.span, self._pass_on)
        failed, fine, after = b.block("failed"), b.block(), b.block()
        b.branch(scopes.has_failed(b, outcome), failed, fine, rare=True)
        with b.aside(failed):
            _keep_first(b, self.first, scopes.error_of(b, task))
            if result is not None and use is None:
                b.assign(result, ir.zero(result.type))
            b.goto(after)
        b.place(fine)
        if result is not None and use is not None:
            use(result)
        b.goto(after)
        b.place(after)

    def _pass_on(self) -> None:
        self.cancel()
        self.b.assign(self.cancelled, TRUE)

    def settle(self) -> None:
        """All are done: raise what there is to raise."""
        b = self.b

        def fail(fine: int) -> None:
            b.trace(self.first, self.span)
            b.throw(self.first)

        b.slow_path(arithmetic.compare(b, "ne", self.first, scopes.ZERO), fail)
        if b.tables.cancels:
            b.raise_if(self.cancelled, objects.CANCELLED, self.span)


def _keep_first(b: Builder, first: ir.Local, error: ir.Local) -> None:
    """Of the errors of several tasks the first is raised; nobody gets the others, but they have been seen."""
    keep, forget, kept = b.block("keep"), b.block("forget"), b.block("kept")
    b.branch(arithmetic.compare(b, "eq", first, scopes.ZERO), keep, forget)
    b.place(keep)
    b.assign(first, error)
    b.goto(kept)
    b.place(forget)
    b.emit(ir.OnError("forget", error))
    b.goto(kept)
    b.place(kept)
