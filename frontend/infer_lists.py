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
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Array, NoneValue, Reference, Scalar, Type, none, spelled, u32, with_article
from coro2cuda.frontend.infer import ResultUnknown, WalkAgain
from coro2cuda.frontend.infer_gather import Comprehension, Wanted, comprehension
from coro2cuda.frontend.infer_sync import know_errors
from coro2cuda.frontend.infer_tasks import is_task_call, task_call
from coro2cuda.frontend.numbers import strong
from coro2cuda.frontend.syntax import appended_to

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


def empty_list(walk: Walk, node: ast.List, name: str) -> tree.EmptyList | None:
    """The `[]` of `name = []`; None if it is not known yet what the list holds: its annotation says it, or what is
    appended first, which the rest of the walk then finds out alone."""
    type = walk.declared.get(name) or walk.wanted.lists.get(name)
    if type is None:
        walk.untyped_lists.add(name)
        walk.bind(name)
        walk.probing = True
        return None
    if not _holds_tasks(type):
        raise walk.refuse(node, f"'{name}' is declared {spelled(type)}, and a list that grows holds tasks",
                          "write numbers into an array that the caller makes")  # fmt: skip
    assert isinstance(type, Reference)
    know_errors(walk)
    return tree.EmptyList(walk.source.span(node), type)


def unknown_list(walk: Walk, node: ast.AST, name: str) -> Exception:
    """What to raise where a list is used before it is known what it holds, perhaps for want of a result's type."""
    if walk.causes:
        return ResultUnknown(*walk.causes)
    return walk.refuse(node, f"it is not known here what '{name}' is a list of",
                       "append a task before the list is used, in source order")  # fmt: skip


def walk_again(walk: Walk) -> Exception:
    """What to raise at the end of a walk with lists of which it was not known what they hold."""
    if walk.untyped_lists <= walk.wanted.lists.keys():
        return WalkAgain()
    if walk.causes:
        return ResultUnknown(*walk.causes)
    (name, *_) = sorted(walk.untyped_lists - walk.wanted.lists.keys())
    return walk.first_error or CompileError(
        f"it is not known what '{name}' is a list of", walk.source.head(), "append a task where it can be reached"
    )


def append(walk: Walk, call: ast.Call) -> tree.Append | None:
    """`tasks.append(task)`; None if it is the method of something else."""
    from coro2cuda.frontend.infer_expressions import expression

    name = appended_to(call)
    known = None if name is None else walk.variables.get(name)
    if name is None or (name not in walk.untyped_lists and not (known is not None and _holds_tasks(known.type))):
        return None
    if name not in walk.growing:
        raise walk.refuse(call, f"'{name}' was made elsewhere, and tasks may read it",
                          "append where the list is made")  # fmt: skip
    if len(call.args) != 1 or call.keywords:
        raise walk.refuse(call, f"{name}.append() takes one task", f"write `{name}.append(create_task(f(...)))`")
    (argument,) = call.args
    begun = task_call(walk, argument) if isinstance(argument, ast.Call) else None
    task = begun or strong(expression(walk, argument))
    if not isinstance(task.type, Reference) or task.type.kind != "task":
        raise walk.refuse(argument, f"a list holds tasks, and this is {with_article(task.type)}",
                          "write numbers into an array that the caller makes")  # fmt: skip
    list = list_of(task.type)
    walk.wanted.lists.setdefault(name, list)
    if known is None:
        known = walk.variables[name] = tree.Variable(name, list)
    if known.type != list:
        raise walk.refuse(argument, f"'{name}' is {with_article(known.type)}, and this {with_article(task.type)}",
                          "make a list for each type")  # fmt: skip
    assert isinstance(call.func, ast.Attribute)
    return tree.Append(walk.source.span(call), none, expression(walk, call.func.value), task)


def _holds_tasks(type: Type) -> bool:
    return is_list(type) and isinstance(type, Reference) and isinstance(type.element, Reference)


# --- lists that grow -------------------------------------------------------------------------------------------------
#
# Elements are taken as an array, which has its length once and for all, and nothing orders who reads a list beside who
# appends to it. So a list that grows has one name, is known to its own coroutine alone, and does not grow while it is
# iterated over.


def check_growing(walk: Walk) -> None:
    """Refuse uses of a list that grows by which others could come to know it."""
    for parent in ast.walk(walk.source.node):
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.Name) and child.id in walk.growing and not _keeps_to_itself(parent, child):
                message = f"'{child.id}' is appended to, so it keeps this name and is not passed on"
                hint = f"write `await gather(*{child.id})`, or make the list by a comprehension"
                raise walk.refuse(child, message, hint)
        match parent:
            case (ast.For(iter=ast.Name(id=name))
                  | ast.For(iter=ast.Call(func=ast.Name(id="enumerate"), args=[ast.Name(id=name), *_]))):  # fmt: skip
                _check_loop(walk, parent, name)


def _keeps_to_itself(parent: ast.AST, name: ast.Name) -> bool:
    match parent:
        case ast.Assign(targets=[ast.Name()], value=made) | ast.AnnAssign(value=made):
            return isinstance(made, ast.List | ast.ListComp)
        case ast.Attribute() | ast.Starred() | ast.Return():
            return True
        case ast.Subscript(value=taken):
            return taken is name
        case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
            return iterated is name
        case ast.Call(func=ast.Name(id="len" | "enumerate")):
            return True
        case _:
            return False


def _check_loop(walk: Walk, loop: ast.For, iterated: str) -> None:
    for node in ast.walk(loop):
        if appended_to(node) == iterated and iterated in walk.growing:
            raise walk.refuse(node, f"'{iterated}' grows while it is iterated over",
                              f"loop over `range(len({iterated}))`, or append to another list")  # fmt: skip


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
