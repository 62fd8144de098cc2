"""Lists: of numbers, which a gather gives, and of tasks. Their length is known at run time and does not change.

    results = await gather(*[f(i) for i in range(n)])       list[...]: indexed, iterated, summed as a 1-D array is
    tasks = [create_task(f(i)) for i in range(n)]           list[Task[...]]: indexed and iterated; await gather(*tasks)

A list is an object of the heap. Where its elements are wanted it is taken as an array (`tree.ListView`) of its memory,
of the handles of the tasks in a list of tasks.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import Array, NoneValue, Reference, Scalar, Type, none, u32
from coro2cuda.frontend.infer_gather import Comprehension, Wanted, comprehension
from coro2cuda.frontend.infer_sync import know_errors
from coro2cuda.frontend.infer_tasks import is_task_call, task_call

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
