"""Cancellation in the IR: where a task finds out that it is to get CancelledError; scopes of timeouts and groups.

    async with timeout(s):               t = make timeout; timeout.arm(t, ns); timeout.open(t)
        body                ──▶          body, and on every way out: timeout.close(t)
                                         an error e: if it is the timeout's own CancelledError, TimeoutError from e

    async with TaskGroup() as tg:        tg = make group; group.open(tg)
        body                ──▶          body, and on every way out: wait group.wait(tg); group.close(tg)
                                         says that tasks have failed? raise ExceptionGroup of their errors
                                         an error e: group.cancel(tg) first, and after the wait group.fail(tg, e),
                                         but if e is a CancelledError: that is raised again at last

docs/cancellation.md says who cancels what. In a program that cancels nothing none of this is left (`uncancelled`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from coro2cuda.frontend import objects, tree
from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import NoneValue, Reference, boolean, u32
from coro2cuda.lowering import abi, ir
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering.builder import Builder, Cleanup

ZERO = ir.Const(u32, 0)


# --- being cancelled -------------------------------------------------------------------------------------------------


def raise_if_cancelled(b: Builder, outcome: ir.Operand, span: Span) -> None:
    cancelled = b.temporary(boolean)
    b.emit(ir.WasCancelled(cancelled, outcome))
    b.raise_if(cancelled, objects.CANCELLED, span)


def poll(b: Builder, span: Span) -> None:
    """Where a task goes on that was not parked."""
    if b.tables.cancels:
        outcome = b.temporary(u32, "outcome")
        b.emit(ir.Operate(outcome, objects.POLL, ()))
        raise_if_cancelled(b, outcome, span)


def is_cancelled_error(b: Builder, error: ir.Local) -> ir.Operand:
    """Whether an error is a CancelledError; False in a program that knows none."""
    classes = [kind for kind, known in enumerate(b.tables.classes) if tree.class_name(known) == objects.CANCELLED[0]]
    if not classes:
        return ir.Const(boolean, False)
    found = b.temporary(boolean, "cancelled")
    b.emit(ir.ErrorIs(found, error, b.subclasses(tuple(classes))))
    return found


def join(b: Builder, task: ir.Operand, place: ir.Local | None, span: Span) -> None:
    """Wait for a task, whose result goes to `place`; its error is raised. Who is cancelled meanwhile cancels the task,
    and waits on."""

    def cancel() -> None:
        b.emit(ir.Operate(None, "task.cancel", (task,)))

    _raise_if_failed(b, task, wait_through(b, task, place, span, cancel), span)


def wait_through(
    b: Builder, task: ir.Operand, place: ir.Local | None, span: Span, cancel: Callable[[], None]
) -> ir.Local:  # fmt: skip
    """Wait for a task; the outcome is its own. Who is cancelled meanwhile does `cancel`, and waits on."""
    again = b.block("join")
    b.goto(again)
    b.place(again)
    outcome = _end_of(b, task, place, span)
    if b.tables.cancels:
        cancelled, onward, passing = b.temporary(boolean), b.block(), b.block("pass")
        b.emit(ir.WasCancelled(cancelled, outcome))
        b.branch(cancelled, passing, onward, rare=True)
        with b.aside(passing):
            cancel()
            b.end(ir.Goto(again, bounded=True))
        b.place(onward)
    return outcome


def finished(b: Builder, task: ir.Operand, place: ir.Local | None, span: Span) -> None:
    """The result of a task that is done goes to `place`; its error is raised. No cancellation can come between."""
    _raise_if_failed(b, task, _end_of(b, task, place, span), span)


def _end_of(b: Builder, task: ir.Operand, place: ir.Local | None, span: Span) -> ir.Local:
    resume, outcome = b.block("resume"), b.temporary(u32, "outcome")
    b.end(ir.Wait("task.end" if place is None else "task.join", (task,), resume, span, None, place, outcome))
    b.place(resume)
    return outcome


def _raise_if_failed(b: Builder, task: ir.Operand, outcome: ir.Local, span: Span) -> None:
    def fail(fine: int) -> None:
        error = error_of(b, task)
        b.trace(error, span)
        b.throw(error)

    b.slow_path(has_failed(b, outcome), fail)


def has_failed(b: Builder, outcome: ir.Local) -> ir.Operand:
    """Whether the task that was waited for has."""
    return arithmetic.compare(b, "eq", outcome, ir.Const(u32, abi.TASK_FAILED))


def error_of(b: Builder, task: ir.Operand) -> ir.Local:
    """A failed task's error, which has been seen then."""
    error = b.temporary(u32, "error")
    b.emit(ir.Operate(error, "task.error", (task,)))
    return error


# --- around a body ---------------------------------------------------------------------------------------------------


@contextmanager
def _around(b: Builder, final: Callable[[], None]) -> Iterator[Cleanup]:
    """Code that has `final` done on its way out; the caller builds what follows an error, at the cleanup's landing."""
    cleanup = Cleanup(b.block("finally"), b.temporary(u32, "error"), final)
    b.scopes.append(cleanup)
    yield cleanup
    b.scopes.pop()


def timeout(b: Builder, seconds: tree.Expression, span: Span, body: Callable[[], None]) -> None:
    """Run a body until it is done or the time is over."""
    from coro2cuda.lowering.build_expressions import evaluate
    from coro2cuda.lowering.build_sync import duration

    type = Reference("timeout")
    length = duration(b, evaluate(b, seconds), span)
    scope, outcome = b.temporary(type, "timeout"), b.temporary(u32, "outcome")
    b.emit(ir.MakeObject(scope, ZERO, b.object_site("timeout", span)))
    b.raise_if(arithmetic.compare(b, "eq", scope, ir.Const(type, 0)), objects.HEAP_FULL, span)
    b.emit(ir.Operate(outcome, "timeout.arm", (scope, length)))
    b.raise_if(arithmetic.compare(b, "ne", outcome, ZERO), objects.HEAP_FULL, span)
    b.emit(ir.Operate(None, "timeout.open", (scope,)))

    def final() -> None:
        b.emit(ir.Operate(None, "timeout.close", (scope, ZERO)))

    with _around(b, final) as cleanup:
        body()
    final()
    after = b.block()
    b.goto(after)
    with b.aside(cleanup.landing):
        _time_out(b, scope, cleanup.error, span)
    b.place(after)


def _time_out(b: Builder, scope: ir.Local, error: ir.Local, span: Span) -> None:
    """The body has failed: with a CancelledError that is the timeout's own, that is a TimeoutError."""
    cancelled = is_cancelled_error(b, error)
    told, over = b.temporary(u32, "told"), b.temporary(u32, "over")
    b.emit(ir.Convert(told, cancelled))
    b.emit(ir.Operate(over, "timeout.close", (scope, told)))
    late = arithmetic.compute(b, "and", told, over)
    timed_out, other = b.block("timed_out"), b.block()
    b.branch(arithmetic.compare(b, "ne", late, ZERO), timed_out, other)
    b.place(timed_out)
    raised = new_error(b, objects.TIMED_OUT, span)
    b.emit(ir.OnError("cause", raised, error))
    b.emit(ir.OnError("chain", raised, error))
    b.throw(raised)
    b.place(other)
    b.throw(error)


def new_error(b: Builder, error: objects.Error, span: Span) -> ir.Local:
    kind = next(kind for kind, known in enumerate(b.tables.classes) if tree.class_name(known) == error[0])
    raised = b.temporary(u32, "raised")
    b.emit(ir.MakeError(raised, b.site(kind, error[1], span)))
    return raised


def group(b: Builder, node: tree.Guarded, body: Callable[[], None]) -> None:
    """Run a body, and wait for the tasks that it begins in the group."""
    from coro2cuda.lowering.build_expressions import assign_variable

    assign_variable(b, node.variable, node.object)
    scope = b.local(node.variable)
    b.emit(ir.Operate(None, "group.open", (scope,)))

    def final() -> None:
        _wait_for_group(b, scope, node.span)
        _close_group(b, scope, node.span)
        poll(b, node.span)

    with _around(b, final) as cleanup:
        body()
    final()
    after = b.block()
    b.goto(after)
    with b.aside(cleanup.landing):
        _fail_group(b, scope, cleanup.error, node.span)
    b.place(after)


def _wait_for_group(b: Builder, scope: ir.Local, span: Span) -> None:
    resume = b.block("resume")
    b.end(ir.Wait("group.wait", (scope,), resume, span))
    b.place(resume)


def _close_group(b: Builder, scope: ir.Local, span: Span, cancelled: ir.Local | None = None) -> None:
    """All tasks are done: if there are errors raise an ExceptionGroup of them. A CancelledError of the body is given up
    then."""
    failed = b.temporary(u32, "failed")
    b.emit(ir.Operate(failed, "group.close", (scope,)))

    def fail(fine: int) -> None:
        if cancelled is not None:
            b.emit(ir.OnError("forget", cancelled))
        raised = new_error(b, objects.GROUP_FAILED, span)
        b.emit(ir.Operate(None, "group.errors", (scope, raised)))
        b.throw(raised)

    b.slow_path(arithmetic.compare(b, "ne", failed, ZERO), fail)


def _fail_group(b: Builder, scope: ir.Local, error: ir.Local, span: Span) -> None:
    """The body has failed. Its error comes after those of the tasks, as asyncio's does."""
    b.emit(ir.Operate(None, "group.cancel", (scope,)))
    _wait_for_group(b, scope, span)
    cancels, fails = b.block("cancels"), b.block("fails")
    b.branch(is_cancelled_error(b, error), cancels, fails)
    b.place(fails)
    b.emit(ir.Operate(None, "group.fail", (scope, error)))
    _close_group(b, scope, span)
    b.end(ir.Stop())  # it has failed; but if there was no record for the error the run has been stopped
    b.place(cancels)
    _close_group(b, scope, span, cancelled=error)
    b.throw(error)


# --- the tasks themselves --------------------------------------------------------------------------------------------


def task_fails(b: Builder, task: ir.Local | None, group: ir.Local | None, error: ir.Local) -> None:
    """A task ends with an error: it keeps it, its group gets it, or it ends the run. A CancelledError ends it
    quietly."""
    cancelled, fails, done = b.block("cancelled"), b.block("fails"), b.block("failed")
    b.branch(is_cancelled_error(b, error), cancelled, fails)
    b.place(cancelled)
    b.emit(ir.Operate(None, "task.cease", (task, error)) if task is not None else ir.OnError("forget", error))
    b.goto(done)
    b.place(fails)
    if group is not None:
        b.emit(ir.Operate(None, "group.fail" if task is None else "group.share", (group, error)))
    if task is not None:
        b.emit(ir.Operate(None, "task.lose" if group is not None else "task.fail", (task, error)))
    if task is None and group is None:
        b.throw(error)
    else:
        b.goto(done)
    b.place(done)
    if group is not None:
        b.emit(ir.Operate(None, "group.leave", (group,)))
    b.end(ir.Return(None))


def begin_task(b: Builder, task: ir.Local | None, group: ir.Local | None, answered: ir.Local | None) -> ir.Local | None:
    """A task enters its scope; the outcome, which may be that it was cancelled before it began."""
    if not b.tables.cancels or (task is None and group is None):
        return None
    outcome = b.temporary(u32, "outcome")
    if task is not None:
        b.emit(ir.Operate(outcome, "task.begin", (task,)))
    else:
        assert group is not None and answered is not None
        b.emit(ir.Operate(outcome, "group.begin", (group, answered)))
    return outcome


def wait_for(b: Builder, node: tree.WaitFor) -> ir.Operand:
    """The value of what is awaited, if it comes in time."""
    from coro2cuda.lowering.build_expressions import discard, evaluate

    for argument in node.before:
        evaluate(b, argument)
    if isinstance(node.type, NoneValue):
        timeout(b, node.seconds, node.span, lambda: discard(b, node.awaited))
        return ir.Const(NoneValue(), None)
    result = b.temporary(node.type, "result")
    timeout(b, node.seconds, node.span, lambda: b.assign(result, evaluate(b, node.awaited)))
    return result
