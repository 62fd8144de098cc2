"""`raise` and `try` to explicit control flow: every way out of a `try` statement is an edge.

    try:                        body:    what may raise makes its error in %e and goes to `landing`
        body                    landing: branch %e is of E ? except : next; of no class: thrown outward
    except E as e:              except:  handler, in which %e is kept; then `forget %e`, goto after
        handler
    finally:                    final:   the statements, once for each way out: falling through, `return`, `break`,
        final                            `continue`, and an error, which is then thrown outward

`Builder.scopes` are the statements around the code being built that have a say when control leaves them, outermost
first. `Guard` is a body with handlers, `Cleanup` one with `finally`, `Handling` a handler (or a `finally` entered by an
error), which owns an error: leaving it forgets that error, or makes it the context of the one that replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import Type, boolean, u32
from coro2cuda.lowering import build_expressions as expressions
from coro2cuda.lowering import build_statements as statements
from coro2cuda.lowering import ir
from coro2cuda.lowering.builder import Builder, Cleanup, Guard, Handling, Scope
from coro2cuda.lowering.site import ErrorArgument

S = TypeVar("S", bound=Scope)
NO_CAUSE = ir.Const(u32, 0)


# --- raise -----------------------------------------------------------------------------------------------------------


def raise_new(b: Builder, node: tree.Raise) -> None:
    values: list[ir.Operand] = []
    arguments = tuple(_argument(b, one, values) for one in node.arguments)
    message = _only_text(arguments)
    site = b.site(node.kind, message or "", node.span, () if message else arguments)
    error = b.temporary(u32, "error")
    b.emit(ir.MakeError(error, site, tuple(values)))
    _cause(b, error, node)
    b.throw(error)


def _argument(b: Builder, node: tree.Expression | tree.ErrorText, values: list[ir.Operand]) -> ErrorArgument:
    """How the host puts the argument together; what it needs goes to `values`."""
    if not isinstance(node, tree.ErrorText):
        values.append(b.keep(expressions.evaluate(b, node)))
        return node.type
    parts: list[str | Type] = []
    for part in node.parts:
        if isinstance(part, str):
            parts.append(part)
        else:
            parts.append(part.type)
            values.append(b.keep(expressions.evaluate(b, part)))
    return tuple(parts)


def _only_text(arguments: tuple[ErrorArgument, ...]) -> str | None:
    """The message, if the exception has one literal argument and no other."""
    match arguments:
        case ((str() as text,),) if text:
            return text
        case _:
            return None


def raise_again(b: Builder, node: tree.RaiseAgain) -> None:
    error = b.local(node.error)
    if node.named:
        b.trace(error, node.span)
        _cause(b, error, node)
    b.throw(error)


def _cause(b: Builder, error: ir.Local, node: tree.Raise | tree.RaiseAgain) -> None:
    if node.suppress:
        b.emit(ir.OnError("cause", error, NO_CAUSE))
    elif node.cause is not None:
        b.emit(ir.OnError("cause", error, b.local(node.cause)))


# --- try -------------------------------------------------------------------------------------------------------------


def try_statement(b: Builder, node: tree.Try) -> None:
    b.catches = True
    if not node.final:
        _with_handlers(b, node)
        return
    cleanup = Cleanup(b.block("finally"), b.temporary(u32, "error"), lambda: statements.statements(b, node.final))
    with _inside(b, cleanup):
        _with_handlers(b, node)
    statements.statements(b, node.final)
    after = b.block()
    b.goto(after)
    with b.aside(cleanup.landing):
        with _inside(b, Handling(b.block("raised"), b.temporary(u32, "error"), cleanup.error)) as handling:
            statements.statements(b, node.final)
        b.throw(cleanup.error)
        _replace(b, handling)
    b.place(after)


def _with_handlers(b: Builder, node: tree.Try) -> None:
    if not node.handlers:
        statements.statements(b, node.body)
        return
    after = b.block()
    guard = Guard(b.block("except"), b.temporary(u32, "error"))
    with _inside(b, guard):
        statements.statements(b, node.body)
    statements.statements(b, node.orelse)
    b.goto(after)
    with b.aside(guard.landing):
        for handler in node.handlers:
            _handler(b, handler, guard.error, after)
        b.throw(guard.error)
    b.place(after)


def _handler(b: Builder, node: tree.Handler, error: ir.Local, after: int) -> None:
    """Go on past the handler where it is not meant."""
    onward = b.block()
    if node.classes is not None:
        matches, body = b.temporary(boolean, "matches"), b.block("handler")
        b.emit(ir.ErrorIs(matches, error, b.subclasses(node.classes)))
        b.branch(matches, body, onward)
        b.place(body)
    held = b.local(node.error)
    b.assign(held, error)
    with _inside(b, Handling(b.block("raised"), b.temporary(u32, "error"), held)) as handling:
        statements.statements(b, node.body)
    b.emit(ir.OnError("forget", held))
    b.goto(after)
    _replace(b, handling)
    b.place(onward)


def _replace(b: Builder, handling: Handling) -> None:
    """An error leaves a handler: a new one has the handled one as its context."""
    b.place(handling.landing)
    b.emit(ir.OnError("chain", handling.error, handling.handled))
    b.throw(handling.error)


@contextmanager
def _inside(b: Builder, scope: S) -> Iterator[S]:
    b.scopes.append(scope)
    yield scope
    b.scopes.pop()


# --- leaving ---------------------------------------------------------------------------------------------------------


def leave(b: Builder, depth: int) -> None:
    """What `return`, `break` and `continue` do on their way out of the scopes from `depth` on, innermost first."""
    inner = b.scopes[depth:]
    kept = b.scopes
    for position in range(len(inner) - 1, -1, -1):
        b.scopes = kept[: depth + position]
        match inner[position]:
            case Handling(handled=handled):
                b.emit(ir.OnError("forget", handled))
            case Cleanup(final=final):
                final()
            case Guard():
                pass
    b.scopes = kept
