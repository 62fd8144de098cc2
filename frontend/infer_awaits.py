"""Awaits: of one coroutine, of several at once (`gather`), and of `reschedule()`."""

from __future__ import annotations

import ast
from types import FunctionType
from typing import TYPE_CHECKING, Any

from coro2cuda.frontend import infer_sync, tree
from coro2cuda.frontend.builtins import is_gather, is_sleep
from coro2cuda.frontend.dtypes import NoneValue, Tuple, Type, none, with_article
from coro2cuda.frontend.infer import ResultUnknown, Specialisation
from coro2cuda.frontend.infer_calls import AVAILABLE, bound_call, builtin_name
from coro2cuda.frontend.infer_names import host_value
from coro2cuda.frontend.infer_sync import holds_reference, owner, wait
from coro2cuda.frontend.source import MISSING

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk

Child = tuple[Specialisation, tuple[tree.Expression, ...]]


def await_call(walk: Walk, node: ast.Await, *, used: bool = True) -> tree.Expression:
    """`await f(x)`, `await gather(f(x), g(y))` or `await reschedule()`; `used` says whether the value is."""
    called = node.value
    if not isinstance(walk.source.node, ast.AsyncFunctionDef):
        raise walk.refuse(node, "`await` outside a coroutine", "make the function an `async def` with @gpu_async")
    if not isinstance(called, ast.Call):
        raise walk.refuse(node, f"`{ast.unparse(called)}` cannot be awaited: only calls of coroutines can",
                          "write `await f(...)`")  # fmt: skip
    callee = host_value(walk, called.func)
    if callee is MISSING and (target := owner(walk, called.func)) is not None:
        return wait(walk, node, called, target)
    if is_gather(callee):
        return _gather(walk, node, called, used)
    if is_sleep(callee):
        return infer_sync.sleep(walk, node, called)
    if builtin_name(callee) == "reschedule":
        if called.args or called.keywords:
            raise walk.refuse(called, "reschedule() takes no arguments", "write `await reschedule()`")
        return tree.Reschedule(walk.source.span(node), none)
    wanted, arguments = _coroutine_call(walk, called, callee)
    return tree.Await(walk.source.span(node), walk.session.result(wanted), wanted.name, arguments)


def _coroutine_call(walk: Walk, node: ast.Call, callee: Any) -> Child:
    raw = getattr(callee, "__gpu_async__", None)
    if raw is None:
        raise walk.refuse(node, *_not_awaitable(node, callee))
    return bound_call(walk, node, raw, getattr(callee, "__gpu_async_options__", {}))


def _not_awaitable(node: ast.Call, callee: Any) -> tuple[str, str]:
    name = ast.unparse(node.func)
    if callee is MISSING:
        return f"'{name}' is not defined, or is a local name: it cannot be awaited", "await a coroutine by its name"
    if getattr(callee, "__module__", "").partition(".")[0] == "asyncio":
        return f"'{name}' is not available in coroutines yet", AVAILABLE
    if isinstance(callee, FunctionType) and callee.__code__.co_flags & 0x80:
        return f"'{name}' is a plain `async def`", f"decorate it: `@gpu_async` above `async def {callee.__name__}`"
    return f"'{name}' is not a coroutine: it cannot be awaited", "call it without `await`"


# --- gather ----------------------------------------------------------------------------------------------------------


def _gather(walk: Walk, node: ast.Await, called: ast.Call, used: bool) -> tree.Gather:
    name = ast.unparse(called.func)
    if called.keywords:
        message = f"{name}() takes no `{called.keywords[0].arg or '**'}=` in a coroutine"
        raise walk.refuse(called, message, "a failed coroutine stops the run; return a value that says so instead")
    if not called.args:
        raise walk.refuse(called, f"{name}() of nothing", f"give it calls of coroutines: `await {name}(f(1), f(2))`")
    children = [_child(walk, name, argument) for argument in called.args]
    result = Tuple(_results(walk, [wanted for wanted, _ in children]))
    for argument, type in zip(called.args, result.elements, strict=True):
        if holds_reference(type):
            raise walk.refuse(argument, f"`{ast.unparse(argument)}` returns {with_article(type)}, which gather() cannot",
                              "await it alone, or make the object before and pass it")  # fmt: skip
    if used:
        _check_results(walk, called, result)
    calls = tuple((wanted.name, arguments) for wanted, arguments in children)
    return tree.Gather(walk.source.span(node), result, calls)


def _child(walk: Walk, name: str, node: ast.expr) -> Child:
    callee = host_value(walk, node.func) if isinstance(node, ast.Call) else MISSING
    if is_gather(callee):
        raise walk.refuse(node, f"{name}() inside {name}() is not available yet",
                          "give all calls to one, or gather in a coroutine of its own")  # fmt: skip
    if isinstance(node, ast.Call) and (callee is MISSING or _is_async(callee)):
        return _coroutine_call(walk, node, callee)
    hint = "leave out the `await`" if isinstance(node, ast.Await) else f"write `{name}(f(...), g(...))`"
    raise walk.refuse(node, f"{name}() takes calls of coroutines, not `{ast.unparse(node)}`", hint)


def _is_async(callee: Any) -> bool:
    """Whether it is a coroutine, one that lacks its decorator included; `reschedule` is no task."""
    plain = isinstance(callee, FunctionType) and callee.__code__.co_flags & 0x80 and not builtin_name(callee)
    return bool(plain) or hasattr(callee, "__gpu_async__")


def _results(walk: Walk, wanted: list[Specialisation]) -> tuple[Type, ...]:
    """The result types; if some are unknown yet, each of them would help."""
    unknown = [one.name for one in wanted if one.result is None]
    if unknown:
        raise ResultUnknown(*unknown)
    return tuple(map(walk.session.result, wanted))


def _check_results(walk: Walk, node: ast.Call, result: Tuple) -> None:
    for argument, type in zip(node.args, result.elements, strict=True):
        if isinstance(type, NoneValue):
            raise walk.refuse(argument, f"`{ast.unparse(argument)}` returns nothing, and its None would be in a tuple",
                              "return a number from it, or use no result of this gather")  # fmt: skip
