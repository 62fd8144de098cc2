"""Awaits: of a coroutine and of `reschedule()`; those of `gather` are in `infer_gather`."""

from __future__ import annotations

import ast
from types import FunctionType
from typing import TYPE_CHECKING, Any

from coro2cuda.frontend import infer_sync, tree
from coro2cuda.frontend.builtins import is_gather, is_sleep
from coro2cuda.frontend.dtypes import none
from coro2cuda.frontend.infer import Specialisation
from coro2cuda.frontend.infer_calls import AVAILABLE, bound_call, builtin_name
from coro2cuda.frontend.infer_names import host_value
from coro2cuda.frontend.infer_sync import owner, wait
from coro2cuda.frontend.source import MISSING

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk

Child = tuple[Specialisation, tuple[tree.Expression, ...]]


def await_call(walk: Walk, node: ast.Await, *, used: bool = True) -> tree.Expression:
    """`await f(x)`, `await gather(f(x), g(y))`, `await task`, an operation that waits, or `await reschedule()`; `used`
    says whether the value is."""
    from coro2cuda.frontend.infer_tasks import await_task

    called = node.value
    if not isinstance(walk.source.node, ast.AsyncFunctionDef):
        raise walk.refuse(node, "`await` outside a coroutine", "make the function an `async def` with @gpu_async")
    task = await_task(walk, node, used)
    if task is not None:
        return task
    if not isinstance(called, ast.Call):
        raise walk.refuse(node, f"`{ast.unparse(called)}` cannot be awaited: only calls and tasks can",
                          "write `await f(...)`, or for an object a method: `await lock.acquire()`")  # fmt: skip
    callee = host_value(walk, called.func)
    if callee is MISSING and (target := owner(walk, called.func)) is not None:
        return wait(walk, node, called, target)
    if is_gather(callee):
        from coro2cuda.frontend.infer_gather import gather_call

        return gather_call(walk, node, called, "list" if used else "none")
    if builtin_name(callee) == "wait_for":
        from coro2cuda.frontend.infer_timeouts import wait_for

        return wait_for(walk, node, called, used)
    if builtin_name(callee) == "timeout":
        shown = ast.unparse(called)
        raise walk.refuse(node, f"`{shown}` cannot be awaited", f"write `async with {shown}:`")
    if is_sleep(callee):
        return infer_sync.sleep(walk, node, called)
    if builtin_name(callee) == "reschedule":
        if called.args or called.keywords:
            raise walk.refuse(called, "reschedule() takes no arguments", "write `await reschedule()`")
        return tree.Reschedule(walk.source.span(node), none)
    wanted, arguments = coroutine_call(walk, called, callee)
    return tree.Await(walk.source.span(node), walk.session.result(wanted), wanted.name, arguments)


def coroutine_call(walk: Walk, node: ast.Call, callee: Any) -> Child:
    raw = getattr(callee, "__gpu_async__", None)
    if raw is None:
        raise walk.refuse(node, *_not_awaitable(walk, node, callee))
    return bound_call(walk, node, raw, getattr(callee, "__gpu_async_options__", {}))


def _not_awaitable(walk: Walk, node: ast.Call, callee: Any) -> tuple[str, str]:
    name = ast.unparse(node.func)
    if callee is MISSING and isinstance(node.func, ast.Name) and node.func.id in walk.locals:
        return f"'{name}' is a value, not a coroutine function", f"a task is awaited by its name: `await {name}`"
    is_method = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) in walk.locals
    if callee is MISSING and not is_method:
        return f"'{name}' is not defined", "define or import it at module level"
    if is_method or builtin_name(callee) or is_sleep(callee):
        return f"`{ast.unparse(node)}` is not a call of a coroutine of yours", f"call one that does `await {name}(...)`"
    if getattr(callee, "__module__", "").partition(".")[0] == "asyncio":
        return f"'{name}' is not available in a coroutine", AVAILABLE
    if isinstance(callee, FunctionType) and callee.__code__.co_flags & 0x80:
        return f"'{name}' is a plain `async def`", f"decorate it: `@gpu_async` above `async def {callee.__name__}`"
    return f"'{name}' is not a coroutine: it cannot be awaited", "call it as it is: a plain function runs at once"
