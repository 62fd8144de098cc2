"""Tasks: begun by `create_task`, awaited by name, and in groups.

    t = create_task(f(x))                 tree.CreateTask      a Reference to the task
    await t                               tree.Wait            its result
    t.result()                            tree.Wait            the same, which goes on at once
    async with TaskGroup() as tg:         tree.Guarded         waits for the tasks of the group on the way out
        tg.create_task(f(x))
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import NoneValue, Reference, Type, none
from coro2cuda.frontend.infer import ResultUnknown, Specialisation
from coro2cuda.frontend.infer_awaits import coroutine_call
from coro2cuda.frontend.infer_errors import index
from coro2cuda.frontend.infer_names import host_value
from coro2cuda.frontend.infer_sync import holds_reference, know_cancellation, know_errors

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk

GROUP = Reference("group")


def create_task(walk: Walk, node: ast.Call, group: tree.Expression | None = None, used: bool = True) -> tree.CreateTask:
    """`create_task(f(x))` or `group.create_task(f(x))`; `used` says whether the task is."""
    name = ast.unparse(node.func)
    if not isinstance(walk.source.node, ast.AsyncFunctionDef):
        raise walk.refuse(node, f"{name}() outside a coroutine", "make the function an `async def` with @gpu_async")
    if node.keywords:
        raise walk.refuse(node, f"{name}() takes no `{node.keywords[0].arg or '**'}=` in a coroutine", "leave it out")
    if len(node.args) != 1 or not isinstance(node.args[0], ast.Call):
        raise walk.refuse(node, f"{name}() takes one call of a coroutine", f"write `{name}(f(...))`")
    called = node.args[0]
    child, arguments = coroutine_call(walk, called, host_value(walk, called.func))
    return begun(walk, node, called, child, arguments, group, used)


def begun(
    walk: Walk, node: ast.Call, called: ast.Call, child: Specialisation, arguments: tuple[tree.Expression, ...],
    group: tree.Expression | None = None, used: bool = True,
) -> tree.CreateTask:  # fmt: skip
    """A task of a call of a coroutine; `node` is what begins it."""
    for argument in arguments:
        if isinstance(argument, tree.ListView):
            raise walk.refuse(called, "a task may outlive the list that it is given as an array",
                              "leave out the annotation of the parameter: the task then keeps the list")  # fmt: skip
    type: Type = none
    if used:
        if child.result is None:
            raise ResultUnknown(child.name)
        type = Reference("task", (child.result,))
        know_errors(walk)
        if holds_reference(child.result):
            raise walk.refuse(called, f"the result of `{ast.unparse(called)}` cannot be kept in a task",
                              "return a number, a tuple or an array")  # fmt: skip
    return tree.CreateTask(walk.source.span(node), type, child.name, arguments, group)


def await_task(walk: Walk, node: ast.Await, used: bool) -> tree.Wait | None:
    """`await t` of a task; None if the operand is none."""
    from coro2cuda.frontend.infer_expressions import expression

    if not is_task(walk, node.value):
        return None
    task = expression(walk, node.value)
    assert isinstance(task.type, Reference)
    result = task.type.element
    keeps = used and not isinstance(result, NoneValue)
    return tree.Wait(walk.source.span(node), result if keeps else none, "task.join" if keeps else "task.end", task, ())


def result_of(walk: Walk, node: ast.Call, task: tree.Expression) -> tree.Wait:
    """`t.result()` of a task that is done."""
    from asyncio import InvalidStateError

    shown = ast.unparse(node.func)
    if node.args or node.keywords:
        raise walk.refuse(node, f"{shown}() takes no arguments", f"write `{shown}()`")
    if not isinstance(walk.source.node, ast.AsyncFunctionDef):
        raise walk.refuse(node, f"`{shown}()` outside a coroutine", "read it in the coroutine, and pass the value")
    assert isinstance(task.type, Reference)
    index(walk, InvalidStateError)
    return tree.Wait(walk.source.span(node), task.type.element, "task.result", task, ())


def is_task(walk: Walk, node: ast.expr) -> bool:
    """Whether it is the name of a task, one of a list, or a call that begins one."""
    match node:
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)) if name in walk.variables:
            type = walk.variables[name].type
            type = type.element if isinstance(node, ast.Subscript) and isinstance(type, Reference) else type
            return isinstance(type, Reference) and type.kind == "task"
        case ast.Call():
            return is_task_call(walk, node)
        case _:
            return False


def is_task_call(walk: Walk, node: ast.Call) -> bool:
    """Whether it is `create_task(...)`, or that of a group."""
    from coro2cuda.frontend.infer_calls import builtin_name

    return builtin_name(host_value(walk, node.func)) == "create_task" or _group_of(walk, node) is not None


def _group_of(walk: Walk, node: ast.Call) -> tree.Name | None:
    """The group whose create_task() is called."""
    match node.func:
        case ast.Attribute(value=ast.Name(id=name) as base, attr="create_task") if name in walk.variables:
            variable = walk.variables[name]
            return tree.Name(walk.source.span(base), GROUP, variable) if variable.type == GROUP else None
        case _:
            return None


def task_call(walk: Walk, node: ast.Call, used: bool = True) -> tree.CreateTask | None:
    """`create_task(f(x))`, or that of a group; None if it is another call."""
    from coro2cuda.frontend.infer_calls import builtin_name

    group = _group_of(walk, node)
    if group is not None:
        if group.variable.name in walk.ended_groups:
            raise walk.refuse(node, f"the task group '{group.variable.name}' has ended: nobody would wait for the task",
                              f"begin it inside the `async with` of '{group.variable.name}'")  # fmt: skip
        return create_task(walk, node, group, used)
    if builtin_name(host_value(walk, node.func)) == "create_task":
        return create_task(walk, node, None, used)
    return None


def task_group(
    walk: Walk, node: ast.AsyncWith, item: ast.withitem, body: Callable[[], tuple[tree.Statement, ...]] | None
) -> tree.Guarded:
    """`async with TaskGroup() as tg:`."""
    from coro2cuda.frontend.infer_function import block
    from coro2cuda.frontend.infer_targets import bind

    span = walk.source.span(item.context_expr)
    assert isinstance(item.context_expr, ast.Call)
    if item.context_expr.args or item.context_expr.keywords:
        raise walk.refuse(item.context_expr, "TaskGroup() takes no arguments", "write `async with TaskGroup() as tg:`")
    if not isinstance(item.optional_vars, ast.Name):
        raise walk.refuse(item.context_expr, "a TaskGroup needs one name", "write `async with TaskGroup() as tg:`")
    name_of_group = item.optional_vars.id
    variable = bind(walk, item.optional_vars, name_of_group, GROUP)
    walk.ended_groups.discard(name_of_group)
    know_errors(walk)
    know_cancellation(walk)
    made, name = tree.MakeObject(span, GROUP, ()), tree.Name(span, GROUP, variable)
    leave = tree.Wait(span, none, "group.wait", name, ())
    inner = tuple(block(walk, node.body)) if body is None else body()
    walk.ended_groups.add(name_of_group)
    return tree.Guarded(walk.source.span(node), variable, made, None, leave, inner)
