"""`create_task`: begin a coroutine as a task of its own."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import none
from coro2cuda.frontend.infer_awaits import coroutine_call
from coro2cuda.frontend.infer_names import host_value

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk


def create_task(walk: Walk, node: ast.Call) -> tree.CreateTask:
    """`create_task(f(x))`."""
    name = ast.unparse(node.func)
    if not isinstance(walk.source.node, ast.AsyncFunctionDef):
        raise walk.refuse(node, f"{name}() outside a coroutine", "make the function an `async def` with @gpu_async")
    if node.keywords:
        raise walk.refuse(node, f"{name}() takes no `{node.keywords[0].arg or '**'}=` in a coroutine", "leave it out")
    if len(node.args) != 1 or not isinstance(node.args[0], ast.Call):
        raise walk.refuse(node, f"{name}() takes one call of a coroutine", f"write `{name}(f(...))`")
    called = node.args[0]
    child, arguments = coroutine_call(walk, called, host_value(walk, called.func))
    return tree.CreateTask(walk.source.span(node), none, child.name, arguments)
