"""Time limits: `async with timeout(s):` and `await wait_for(f(x), s)`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from coro2cuda.frontend import tree
from coro2cuda.frontend.infer_sync import know_cancellation, know_errors, seconds_of

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk


def timeout(
    walk: Walk, node: ast.AsyncWith, item: ast.withitem, body: Callable[[], tuple[tree.Statement, ...]] | None
) -> tree.Timeout:
    """`async with timeout(seconds):`."""
    from coro2cuda.frontend.infer_function import block

    called = item.context_expr
    assert isinstance(called, ast.Call)
    name = ast.unparse(called.func)
    if item.optional_vars is not None:
        raise walk.refuse(called, f"`{ast.unparse(called)} as ...`: a timeout has no value in a coroutine",
                          f"write `async with {ast.unparse(called)}:`, and catch TimeoutError")  # fmt: skip
    seconds = _seconds(walk, called, name, called.args, "delay", "when")
    know_errors(walk)
    know_cancellation(walk)
    inner = tuple(block(walk, node.body)) if body is None else body()
    return tree.Timeout(walk.source.span(node), seconds, inner)


def wait_for(walk: Walk, node: ast.Await, called: ast.Call, used: bool) -> tree.WaitFor:
    """`await wait_for(f(x), seconds)` of anything that can be awaited."""
    from coro2cuda.frontend.infer_awaits import await_call

    name = ast.unparse(called.func)
    if not called.args:
        raise walk.refuse(called, f"{name}() of nothing", f"write `await {name}(f(...), seconds)`")
    for part in ast.walk(called.args[0]):
        if isinstance(part, ast.Await | ast.NamedExpr):
            raise walk.refuse(part, f"`{ast.unparse(part)}` inside {name}()", "do it before, and pass the result")
    inner = ast.copy_location(ast.Await(called.args[0]), called.args[0])
    awaited = await_call(walk, inner, used=used)
    seconds = _seconds(walk, called, name, called.args[1:], "timeout")
    know_errors(walk)
    know_cancellation(walk)
    before: list[tree.Walrus] = []
    if not isinstance(seconds, tree.Constant | tree.Name):
        awaited = _with_names(awaited, before)
    return tree.WaitFor(walk.source.span(node), awaited.type, tuple(before), seconds, awaited)


def _with_names(awaited: tree.Expression, before: list[tree.Walrus]) -> tree.Expression:
    """What is awaited with names in place of its arguments, which `before` binds."""

    def named(argument: tree.Expression) -> tree.Expression:
        if isinstance(argument, tree.Constant | tree.Name):
            return argument
        variable = tree.Variable("%argument", argument.type)
        before.append(tree.Walrus(argument.span, argument.type, variable, argument))
        return tree.Name(argument.span, argument.type, variable)

    match awaited:
        case tree.Await() | tree.CreateTask():
            return replace(awaited, arguments=tuple(map(named, awaited.arguments)))
        case tree.Wait():
            begun = isinstance(awaited.object, tree.CreateTask)
            object = _with_names(awaited.object, before) if begun else named(awaited.object)
            return replace(awaited, object=object, arguments=tuple(map(named, awaited.arguments)))
        case tree.Gather():
            return replace(awaited, calls=tuple((name, tuple(map(named, given))) for name, given in awaited.calls))
        case _:
            return awaited


def _seconds(walk: Walk, called: ast.Call, name: str, given: list[ast.expr], *keywords: str) -> tree.Expression:
    found = [*given, *(keyword.value for keyword in called.keywords if keyword.arg in keywords)]
    if len(found) != 1 or len(given) + len(called.keywords) != 1:
        raise walk.refuse(called, f"{name}() needs the seconds, and takes nothing else", "give it a number of seconds")
    if isinstance(found[0], ast.Constant) and found[0].value is None:
        raise walk.refuse(found[0], f"{name}() without a time limit", "await it without a timeout")
    return seconds_of(walk, found[0], name)
