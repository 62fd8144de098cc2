"""Lists: of numbers, which a gather gives, and of tasks, which alone can grow.

    results = await gather(*[f(i) for i in range(n)])       list[...]: indexed, iterated, summed as a 1-D array is
    tasks = [create_task(f(i)) for i in range(n)]           list[Task[...]]: indexed and iterated; await gather(*tasks)
    tasks = []; tasks.append(create_task(f(x)))             the same; what is appended first says what the list holds

A list is an object of the heap. Where its elements are wanted it is taken as an array (`tree.ListView`) of its memory,
of the handles of the tasks in a list of tasks.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import Array, NoneValue, Reference, Scalar, Type, none, u32, with_article
from coro2cuda.frontend.infer import LayoutChanged
from coro2cuda.frontend.infer_gather import Comprehension, Wanted, comprehension
from coro2cuda.frontend.infer_sync import know_errors
from coro2cuda.frontend.infer_tasks import is_task_call, task_call
from coro2cuda.frontend.numbers import strong
from coro2cuda.frontend.syntax import appended_to, name_appended_to

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk


def list_of(type: Type) -> Reference:
    return Reference("list", (type,))


def is_list(type: Type) -> bool:
    return isinstance(type, Reference) and type.kind == "list"


def view(found: tree.Expression) -> tree.Expression:
    """A list as an array of its elements; anything else as it is."""
    if not isinstance(found.type, Reference) or found.type.kind != "list":
        return found
    element = found.type.element
    kept = element if isinstance(element, Scalar) else u32
    return tree.ListView(found.span, Array(kept, 1, contiguous=True, writable=isinstance(element, Scalar)), found)


def held(found: tree.Expression) -> tree.Expression:
    """The list in a name of its own, so that it lives as long as what iterates over it."""
    if not is_list(found.type):
        return found
    variable = tree.Variable("%list", found.type)
    return tree.Walrus(found.span, found.type, variable, found)


def task_at(found: tree.Expression, element: Type) -> tree.Expression:
    """An element of a list of tasks, read as a handle, as a task."""
    return tree.Convert(found.span, element, found)


def task_list(walk: Walk, node: Comprehension) -> tree.TaskList | None:
    """`[create_task(f(i)) for i in range(n)]`; None if it makes something else."""
    if not isinstance(node.elt, ast.Call) or not is_task_call(walk, node.elt):
        return None
    with comprehension(walk, "the list", node) as (loop, test):
        if test is not None:
            raise walk.refuse(node.generators[0].ifs[0], "a comprehension of tasks has no `if`",
                              "test the condition in the coroutine that is begun")  # fmt: skip
        task = task_call(walk, node.elt)
        assert task is not None
    return tree.TaskList(walk.source.span(node), list_of(task.type), loop, task)


def empty_list(walk: Walk, node: ast.Assign) -> tree.EmptyList | None:
    """`name = []`: what it holds is known once a walk has come to where something is appended, and walks begin anew."""
    (name,) = node.targets
    assert isinstance(name, ast.Name)
    type = walk.wanted.lists.get(name.id)
    if type is None:
        walk.untyped_lists.add(name.id)
        return None
    know_errors(walk)
    return tree.EmptyList(walk.source.span(node.value), type)


def append(walk: Walk, call: ast.Call) -> tree.Append | None:
    """`tasks.append(task)`; None if the name is no list of tasks."""
    from coro2cuda.frontend.infer_expressions import expression

    name = name_appended_to(call)
    known = walk.variables.get(name)
    if name not in walk.untyped_lists and not (known is not None and _holds_tasks(known.type)):
        return None
    if known is not None and known.parameter:
        raise walk.refuse(call, f"'{name}' is the caller's list, and tasks may read it",
                          "append where the list is made")  # fmt: skip
    if len(call.args) != 1 or call.keywords:
        raise walk.refuse(call, f"{name}.append() takes one task", f"write `{name}.append(create_task(f(...)))`")
    (argument,) = call.args
    begun = task_call(walk, argument) if isinstance(argument, ast.Call) else None
    task = begun or strong(expression(walk, argument))
    if not isinstance(task.type, Reference) or task.type.kind != "task":
        raise walk.refuse(argument, f"a list holds tasks, and this is {with_article(task.type)}",
                          "write numbers into an array that the caller makes")  # fmt: skip
    held_there = list_of(task.type)
    if known is None:
        walk.wanted.lists[name] = held_there
        if not walk.probing:
            raise LayoutChanged
        known = walk.variables[name] = tree.Variable(name, held_there)
        walk.bind(name)
    if known.type != held_there:
        raise walk.refuse(argument, f"'{name}' is {with_article(known.type)}, and this {with_article(task.type)}",
                          "make a list for each type")  # fmt: skip
    assert isinstance(call.func, ast.Attribute)
    return tree.Append(walk.source.span(call), none, expression(walk, call.func.value), task)


def _holds_tasks(type: Type) -> bool:
    return isinstance(type, Reference) and type.kind == "list" and isinstance(type.element, Reference)


def check_not_appended(walk: Walk, loop: ast.For) -> None:
    """What a loop iterates over is taken as it is when the loop begins, so it does not grow in the body."""
    if isinstance(loop.iter, ast.Name):
        for call in appended_to(loop):
            if name_appended_to(call) == loop.iter.id:
                raise walk.refuse(call, f"'{loop.iter.id}' grows while it is iterated over",
                                  f"loop over `range(len({loop.iter.id}))`, or append to another list")  # fmt: skip


def gather_tasks(walk: Walk, node: ast.Await, tasks: tree.Expression, wanted: Wanted) -> tree.JoinAll:
    """`await gather(*tasks)`."""
    assert isinstance(tasks.type, Reference) and isinstance(tasks.type.element, Reference)
    result = tasks.type.element.element
    span = walk.source.span(node)
    if wanted == "none":
        return tree.JoinAll(span, none, tasks, "none")
    if isinstance(result, NoneValue):
        raise walk.refuse(node, "these tasks return nothing", "use no result of this gather")
    if not isinstance(result, Scalar):
        raise walk.refuse(node, f"these tasks return {result!r}, and a list holds numbers",
                          "await them one by one: `for task in tasks: ... = await task`")  # fmt: skip
    if wanted == "sum" and result.is_integer:
        return tree.JoinAll(span, result, tasks, "sum")
    know_errors(walk)
    return tree.JoinAll(span, list_of(result), tasks, "list")
