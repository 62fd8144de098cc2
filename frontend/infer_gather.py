"""`gather`: of calls that are written out, and of as many as a comprehension makes.

    await gather(f(x), g(y))                     tree.Gather        a tuple of results
    await gather(t, f(x))                        tree.GatherTasks   the same: among them are tasks that have begun
    await gather(*[f(i, x) for i in range(n)])   tree.GatherEach    results unused, added up by sum(), or in a list

A comprehension's variable is its own: a variable of the function with the same name keeps its type and its value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal

from coro2cuda.frontend import tree
from coro2cuda.frontend.builtins import is_gather
from coro2cuda.frontend.dtypes import NoneValue, Reference, Scalar, Tuple, Type, none, spelled, with_article
from coro2cuda.frontend.infer import ResultUnknown, Specialisation
from coro2cuda.frontend.infer_awaits import Child, coroutine_call
from coro2cuda.frontend.infer_calls import builtin_name
from coro2cuda.frontend.infer_expressions import decide
from coro2cuda.frontend.infer_loops import iteration
from coro2cuda.frontend.infer_names import host_value
from coro2cuda.frontend.infer_sync import holds_reference, know_errors
from coro2cuda.frontend.infer_tasks import begun, is_task
from coro2cuda.frontend.source import MISSING

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk

Wanted = Literal["none", "sum", "list"]
Comprehension = ast.ListComp | ast.GeneratorExp


def gather_call(walk: Walk, node: ast.Await, called: ast.Call, wanted: Wanted) -> tree.Expression:
    """`await gather(...)`; `wanted` says what is done with the results of a comprehension, or that none are used."""
    name = ast.unparse(called.func)
    if called.keywords:
        message = f"{name}() takes no `{called.keywords[0].arg or '**'}=` in a coroutine"
        hint = "handle exceptions in the coroutines, and return a value that says what happened"
        raise walk.refuse(called, message, hint)
    if not called.args:
        raise walk.refuse(called, f"{name}() of nothing", f"give it calls of coroutines: `await {name}(f(1), f(2))`")
    if isinstance(called.args[0], ast.Starred):
        return _each(walk, node, called, called.args[0], wanted)
    if any(is_task(walk, argument) for argument in called.args):
        return _of_tasks(walk, node, called, wanted)
    children = [_child(walk, name, argument) for argument in called.args]
    result = Tuple(_results(walk, [wanted for wanted, _ in children]))
    for argument, type in zip(called.args, result.elements, strict=True):
        if holds_reference(type):
            shown = ast.unparse(argument)
            raise walk.refuse(argument, f"`{shown}` returns {with_article(type)}, which {name}() cannot",
                              "await it alone, or make the object before and pass it")  # fmt: skip
    if wanted != "none":
        _check_results(walk, called, result)
    calls = tuple((wanted.name, arguments) for wanted, arguments in children)
    return tree.Gather(walk.source.span(node), result, calls)


def sum_of_gather(walk: Walk, node: ast.expr) -> tree.Expression | None:
    """The operand of `sum(await gather(*...))`, added up as the tasks end where its type allows; None if it is
    something else."""
    if not (isinstance(node, ast.Await) and isinstance(node.value, ast.Call)):
        return None
    called = node.value
    if not (called.args and isinstance(called.args[0], ast.Starred) and is_gather(host_value(walk, called.func))):
        return None
    return gather_call(walk, node, called, "sum")


# --- calls that are written out --------------------------------------------------------------------------------------


def _child(walk: Walk, name: str, node: ast.expr) -> Child:
    callee = host_value(walk, node.func) if isinstance(node, ast.Call) else MISSING
    if is_gather(callee):
        raise walk.refuse(node, f"{name}() inside {name}() is not available yet",
                          "give all calls to one, or gather in a coroutine of its own")  # fmt: skip
    if isinstance(node, ast.Call) and (callee is MISSING or _is_async(callee)):
        return coroutine_call(walk, node, callee)
    hint = "leave out the `await`" if isinstance(node, ast.Await) else f"write `{name}(f(...), g(...))`"
    if isinstance(node, ast.Starred):
        hint = f"gather a comprehension by itself: `await {name}(*[f(i) for i in range(n)])`"
    raise walk.refuse(node, f"{name}() takes calls of coroutines and tasks, not `{ast.unparse(node)}`", hint)


def _of_tasks(walk: Walk, node: ast.Await, called: ast.Call, wanted: Wanted) -> tree.GatherTasks:
    """Some are tasks: what is a call becomes one too, as in asyncio."""
    tasks = tuple(_task(walk, called, argument) for argument in called.args)
    results = Tuple(tuple(task.type.element for task in tasks if isinstance(task.type, Reference)))
    if wanted != "none":
        _check_results(walk, called, results)
    return tree.GatherTasks(walk.source.span(node), none if wanted == "none" else results, tasks)


def _task(walk: Walk, called: ast.Call, node: ast.expr) -> tree.Expression:
    from coro2cuda.frontend.infer_expressions import expression

    if is_task(walk, node):
        return expression(walk, node)
    child, arguments = _child(walk, ast.unparse(called.func), node)
    assert isinstance(node, ast.Call)
    return begun(walk, node, node, child, arguments)


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


# --- as many calls as a comprehension makes --------------------------------------------------------------------------


def _each(walk: Walk, node: ast.Await, called: ast.Call, starred: ast.Starred, wanted: Wanted) -> tree.Expression:
    from coro2cuda.frontend.infer_lists import gather_tasks, list_of

    name, made = ast.unparse(called.func), starred.value
    if len(called.args) > 1:
        raise walk.refuse(called.args[1], f"{name}() takes one comprehension, or calls that are written out",
                          "gather the others in a coroutine of its own")  # fmt: skip
    if not isinstance(made, Comprehension):
        tasks = _tasks(walk, made)
        if tasks is not None:
            return gather_tasks(walk, node, tasks, wanted)
        raise walk.refuse(starred, f"{name}() cannot take apart `{ast.unparse(made)}`",
                          f"write `{name}(*[f(i) for i in range(n)])`")  # fmt: skip
    with comprehension(walk, f"{name}()", made) as (loop, test):
        if test is not None and wanted == "list":
            message = f"a comprehension in {name}() with an `if`, and its results in a list"
            hint = "add them up by sum(), or test the condition in the coroutine that it calls"
            raise walk.refuse(made.generators[0].ifs[0], message, hint)
        child, arguments = _child(walk, name, made.elt)
    _check_arguments(walk, made.elt, arguments)
    if test is not None:
        _check_arguments(walk, made.generators[0].ifs[0], (test,))
    type: Type = none if wanted == "none" else _result_of_each(walk, made.elt, child)
    if wanted == "sum" and not (isinstance(type, Scalar) and type.is_integer):
        wanted = "list"  # floats are added up in order
    if wanted == "list":
        type = list_of(type)
        know_errors(walk)
    return tree.GatherEach(walk.source.span(node), type, child.name, loop, test, arguments, wanted)


def _tasks(walk: Walk, node: ast.expr) -> tree.Expression | None:
    """The list of tasks that a name stands for."""
    from coro2cuda.frontend.infer_expressions import expression

    known = walk.variables.get(node.id) if isinstance(node, ast.Name) else None
    if known is None and isinstance(node, ast.Name) and node.id in walk.untyped_lists:
        return expression(walk, node)
    if known is None or not isinstance(known.type, Reference) or known.type.kind != "list":
        return None
    return expression(walk, node) if isinstance(known.type.element, Reference) else None


@contextmanager
def comprehension(
    walk: Walk, what: str, made: Comprehension
) -> Iterator[tuple[tree.ForRange | tree.ForArray, tree.Expression | None]]:
    """A comprehension's loop and its test; its variable is bound in the context alone."""
    generator = _only_generator(walk, what, made)
    outer, bound = dict(walk.variables), None if walk.bound is None else set(walk.bound)
    stored = [item.id for item in ast.walk(generator.target) if isinstance(item, ast.Name)]
    loop = _loop(walk, made, generator, stored)
    test = None
    if generator.ifs:
        test, flow = decide(walk, generator.ifs[0])
        walk.bound = flow.held
    yield loop, test
    for variable in stored:
        walk.variables.pop(variable, None)
    walk.variables |= {variable: outer[variable] for variable in stored if variable in outer}
    walk.bound = bound


def _only_generator(walk: Walk, what: str, made: Comprehension) -> ast.comprehension:
    generator = made.generators[0]
    if len(made.generators) > 1:
        raise walk.refuse(made, f"a comprehension in {what} has one `for`",
                          "gather once more in the coroutine that it calls")  # fmt: skip
    if len(generator.ifs) > 1:
        raise walk.refuse(generator.ifs[1], f"a comprehension in {what} has one `if`", "join the conditions by `and`")
    if generator.is_async:
        raise walk.refuse(made, "`async for` is not available in a coroutine", "iterate over a range or an array")
    if not isinstance(generator.target, ast.Name):
        raise walk.refuse(generator.target, f"the target of a comprehension in {what} is one name",
                          "take items apart in the coroutine that it calls")  # fmt: skip
    return generator


def _loop(
    walk: Walk, made: Comprehension, generator: ast.comprehension, stored: list[str]
) -> tree.ForRange | tree.ForArray:
    """The comprehension's loop, with its variable bound for what it makes."""
    head = ast.copy_location(ast.For(generator.target, generator.iter, [], []), made)
    iterated = generator.iter  # evaluated outside, where the names still are the function's
    inside = _Scope(walk, stored)
    loop = iteration(walk, head, before_target=inside.enter)((), ())
    for name in stored:
        walk.bind(name)
    if isinstance(loop, tree.ForRange | tree.ForArray):
        return loop
    raise walk.refuse(iterated, "a comprehension over a tuple", "write the calls out: the tuple has a fixed length")


class _Scope:
    """The names of a comprehension, which are not those of the function around it."""

    def __init__(self, walk: Walk, names: list[str]) -> None:
        self.walk, self.names = walk, names

    def enter(self) -> None:
        for name in self.names:
            self.walk.variables.pop(name, None)


_EFFECTS = (
    tree.Await, tree.Gather, tree.GatherTasks, tree.GatherEach, tree.CreateTask, tree.TaskList, tree.EmptyList,
    tree.Append, tree.JoinAll, tree.Reschedule, tree.Wait, tree.WaitFor,
    tree.MakeObject, tree.Operation, tree.Walrus, tree.Print,
)  # fmt: skip


def _check_arguments(walk: Walk, node: ast.expr, arguments: tuple[tree.Expression, ...]) -> None:
    """Arguments are computed when a child begins, in any order, so they may do nothing but compute."""
    for item in ast.walk(node):
        if isinstance(item, ast.Await | ast.NamedExpr):
            raise walk.refuse(item, "the arguments in a comprehension of gather() have no effects",
                              "do it in the coroutine that it calls")  # fmt: skip
    for argument in arguments:
        for part in tree.walk(argument):
            if isinstance(part, _EFFECTS) or (isinstance(part, tree.Builtin) and part.name.startswith("atomic_")):
                raise walk.refuse(node, "the arguments in a comprehension of gather() have no effects",
                                  "do it in the coroutine that it calls")  # fmt: skip


def _result_of_each(walk: Walk, node: ast.expr, child: Specialisation) -> Type:
    (type,) = _results(walk, [child])
    if isinstance(type, NoneValue):
        raise walk.refuse(node, f"`{ast.unparse(node)}` returns nothing", "use no result of this gather")
    if not isinstance(type, Scalar):
        raise walk.refuse(node, f"`{ast.unparse(node)}` returns {spelled(type)}, and a list holds numbers",
                          "return one number, and write the rest into an array")  # fmt: skip
    return type
