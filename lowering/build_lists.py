"""Lists, of numbers and of tasks: made, filled, and waited for.

    [create_task(f(i)) for i in range(n)]       list = make list of n
                                         ──▶    for each position: create the task, list.append(list, task)
    await gather(*tasks)                        for each task: wait task.join(task)
"""

from __future__ import annotations

from collections.abc import Callable

from coro2cuda.frontend import objects, tree
from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Array, NoneValue, Pointer, Reference, Scalar, i64, u32
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering import build_arrays as arrays
from coro2cuda.lowering import build_loops as loops
from coro2cuda.lowering import build_positions as positions
from coro2cuda.lowering import build_scopes as scopes
from coro2cuda.lowering import build_tasks as tasks
from coro2cuda.lowering import ir
from coro2cuda.lowering.builder import Builder
from coro2cuda.lowering.scan import LoopFacts

ONE = ir.Const(u32, 1)


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


def join_all(b: Builder, node: tree.JoinAll) -> ir.Operand:
    """Wait for the tasks of a list one after the other."""
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


def _each_task(
    b: Builder, node: tree.JoinAll, list: ir.Operand, use: Callable[[ir.Operand, ir.Local], object]
) -> None:
    assert isinstance(list.type, Reference) and isinstance(list.type.element, Reference)
    type = list.type.element
    index = b.temporary(i64, "index")

    def turn() -> None:
        handle = arrays.load(b, arrays.element_at(b, elements(b, list), [index]))
        task = b.temporary(type, "task")
        b.emit(ir.Convert(task, handle))
        result = None if node.results == "none" else b.temporary(type.element, "result")
        scopes.join(b, task, result, node.span, ("list.cancel", list))
        if result is not None:
            use(index, result)

    count = loops.Range(index, arrays.ZERO, lambda: arrays.extent(b, elements(b, list), 0), arrays.ONE)
    loops.counted(b, count, loops.plan(b, LoopFacts(suspends=True), None), turn)
