"""Exceptions: `raise`, `try`, and the classes they name, which are looked up on the host.

    try:                      Try(body, handlers, orelse, final)
        ...                     a handler knows its classes by their index in Module.classes
    except KeyError as e:       `e` is a Variable that only RaiseAgain and a cause can name
        raise E(x) from e       Raise(kind of E, (x,), cause=e)

Bound names follow Python's rules: a handler and `finally` can count on what was bound before `try` only, what follows
the statement on what every way to it has bound.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from coro2cuda.frontend import objects, tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Scalar, Tuple, spelled, u32
from coro2cuda.frontend.infer_builtins import text_parts
from coro2cuda.frontend.infer_expressions import value
from coro2cuda.frontend.infer_function import block, copy_of, merged
from coro2cuda.frontend.infer_names import host_value

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk

MOST_VALUES = 16
ErrorClass = type[BaseException]
Cause = tuple[tree.Variable | None, bool]


# --- try -------------------------------------------------------------------------------------------------------------


def try_statement(walk: Walk, node: ast.Try) -> tree.Try:
    before = copy_of(walk.bound)
    body = block(walk, node.body)
    orelse = block(walk, node.orelse)
    after = walk.bound
    handlers = []
    for clause in node.handlers:
        walk.bound = copy_of(before)
        handlers.append(_handler(walk, clause))
        after = merged(after, walk.bound)
    walk.bound = copy_of(before)
    with _handling(walk, None):
        final = block(walk, node.finalbody)
    walk.bound = None if after is None or walk.bound is None else after | walk.bound
    return tree.Try(walk.source.span(node), tuple(body), tuple(handlers), tuple(orelse), tuple(final))


def _handler(walk: Walk, clause: ast.ExceptHandler) -> tree.Handler:
    classes = None if clause.type is None else tuple(index(walk, one) for one in _classes(walk, clause.type))
    name = clause.name
    error = tree.Variable(name or "%error", u32)
    if name is not None and name in walk.variables:
        raise walk.refuse(clause, f"'{name}' is a value elsewhere in this function and an exception here",
                          "use another name: one name has one type")  # fmt: skip
    outer = walk.errors.get(name) if name is not None else None
    if name is not None:
        walk.errors[name] = error
    try:
        with _handling(walk, error):
            body = block(walk, clause.body)
    finally:
        if name is not None:
            del walk.errors[name]
            if outer is not None:
                walk.errors[name] = outer
    return tree.Handler(walk.source.span(clause), classes, error, tuple(body))


@contextmanager
def _handling(walk: Walk, error: tree.Variable | None) -> Iterator[None]:
    """Inside, a bare `raise` means the error; None: it means nothing that is known here."""
    walk.handling.append(error)
    try:
        yield
    finally:
        walk.handling.pop()


def _classes(walk: Walk, node: ast.expr) -> list[ErrorClass]:
    """The classes after `except`: one, a tuple display of them, or a name of a tuple."""
    if isinstance(node, ast.Tuple):
        return [found for part in node.elts for found in _classes(walk, part)]
    found = host_value(walk, node)
    flat = found if isinstance(found, tuple) else (found,)
    for one in flat:
        if not isinstance(one, type) or not issubclass(one, BaseException):
            raise walk.refuse(node, f"`{ast.unparse(node)}` is not an exception class",
                              "name a class that is built in or defined outside, or a tuple of such")  # fmt: skip
    return list(flat)


def index(walk: Walk, kind: ErrorClass) -> int:
    """The number of a class in the module's table."""
    known = walk.session.classes
    if kind not in known:
        known.append(kind)
    return known.index(kind)


# --- raise -----------------------------------------------------------------------------------------------------------


def raise_statement(walk: Walk, node: ast.Raise) -> tree.Statement:
    made = _raised(walk, node)
    walk.bound = None
    return made


def _raised(walk: Walk, node: ast.Raise) -> tree.Statement:
    span = walk.source.span(node)
    if node.exc is None:
        return tree.RaiseAgain(span, _current(walk, node))
    cause, suppress = _cause(walk, node.cause)
    if isinstance(node.exc, ast.Name) and node.exc.id in walk.errors:
        return tree.RaiseAgain(span, walk.errors[node.exc.id], True, cause, suppress)
    called = node.exc if isinstance(node.exc, ast.Call) else None
    kind = _raisable(walk, node, called.func if called is not None else node.exc)
    arguments = _arguments(walk, called) if called is not None else ()
    return tree.Raise(span, index(walk, kind), arguments, cause, suppress)


def _current(walk: Walk, node: ast.Raise) -> tree.Variable:
    current = walk.handling[-1] if walk.handling else None
    if current is None:
        where = "in `finally`" if walk.handling else "outside a handler"
        raise walk.refuse(node, f"`raise` without an exception {where}",
                          "write it in the `except` block itself, or name what to raise")  # fmt: skip
    return current


def _cause(walk: Walk, node: ast.expr | None) -> Cause:
    match node:
        case None:
            return None, False
        case ast.Constant(value=None):
            return None, True
        case ast.Name(id=name) if name in walk.errors:
            return walk.errors[name], False
        case _:
            raise walk.refuse(node, f"`from {ast.unparse(node)}`: the cause is not an exception that is being handled",
                              "write `from e` in the handler of `except ... as e`, or `from None`")  # fmt: skip


def _raisable(walk: Walk, node: ast.Raise, name: ast.expr) -> ErrorClass:
    found: Any = host_value(walk, name)
    shown = ast.unparse(name)
    if isinstance(found, BaseException):
        raise walk.refuse(node, f"'{shown}' is an exception object of the host",
                          f"raise its class: `raise {type(found).__name__}(...)`")  # fmt: skip
    if not isinstance(found, type) or not issubclass(found, BaseException):
        hint = "raise a class that is built in or defined outside: `raise ValueError(...)`"
        if isinstance(name, ast.Name) and name.id in walk.error_names:
            hint = "an exception has its name only inside its `except` block"
        raise walk.refuse(node, f"`{shown}` is not an exception class", hint)
    if not issubclass(found, Exception) and tree.class_name(found) != objects.CANCELLED[0]:
        raise walk.refuse(node, f"{found.__name__} is for the host's interpreter, not for tasks",
                          "raise a subclass of Exception")  # fmt: skip
    if issubclass(found, StopIteration | BaseExceptionGroup):
        raise walk.refuse(node, f"{found.__name__} cannot be raised in a coroutine", "raise another exception")
    return found


def _arguments(walk: Walk, call: ast.Call) -> tuple[tree.Expression | tree.ErrorText, ...]:
    if call.keywords:
        raise walk.refuse(call, "an exception takes no keyword arguments in a coroutine", "give them by position")
    made = tuple(_argument(walk, argument) for argument in call.args)
    count = sum(len(one.parts) if isinstance(one, tree.ErrorText) else 1 for one in made)
    if count > MOST_VALUES:
        raise walk.refuse(call, f"this exception has more than {MOST_VALUES} parts", "say less, or raise with fewer")
    return made


def _argument(walk: Walk, node: ast.expr) -> tree.Expression | tree.ErrorText:
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        parts = tuple(text_parts(walk, node))
        for part in parts:
            if not isinstance(part, str):
                _check_number(walk, node, part)
        return tree.ErrorText(parts)
    found = value(walk, node)
    _check_number(walk, node, found)
    return found


def _check_number(walk: Walk, node: ast.expr, found: tree.Expression) -> None:
    if not isinstance(found.type, Scalar):
        shown = "a tuple" if isinstance(found.type, Tuple) else spelled(found.type)
        raise walk.refuse(node, f"an argument of an exception is a number or text, not {shown}",
                          "give the items one by one")  # fmt: skip


def not_a_value(walk: Walk, node: ast.Name) -> CompileError:
    """A handler's name is used as if it were a value."""
    if node.id in walk.errors:
        return walk.refuse(node, f"'{node.id}' is an exception, which is not a value in a coroutine",
                           f"it can be raised again, `raise {node.id}`, and be a cause, `raise ... from {node.id}`; "
                           "its message is built on the host")  # fmt: skip
    return walk.refuse(node, f"'{node.id}' names an exception, and only inside its `except` block",
                       "keep a number that says what happened")  # fmt: skip
