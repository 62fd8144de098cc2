"""Synchronisation objects: made, operated on, waited for, and held in `async with`.

An object is a value of type `dtypes.Reference`, in a name, a parameter or captured from the host. What can be done with
it stands in `objects.METHODS`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from coro2cuda.frontend import numbers, objects, tree
from coro2cuda.frontend.builtins import is_timeout
from coro2cuda.frontend.dtypes import (
    ObjectKind,
    Reference,
    Scalar,
    Tuple,
    Type,
    boolean,
    f64,
    i64,
    none,
    spelled,
    u64,
    with_article,
)
from coro2cuda.frontend.infer_errors import index
from coro2cuda.frontend.infer_expressions import expression
from coro2cuda.frontend.infer_names import host_value
from coro2cuda.frontend.numbers import strong
from coro2cuda.frontend.signatures import of_node
from coro2cuda.frontend.source import MISSING
from coro2cuda.frontend.syntax import is_wait_for_test

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk


def know_errors(walk: Walk) -> None:
    """Handlers of the program are to know what synchronisation objects raise."""
    for kind in objects.error_classes():
        index(walk, kind)


def know_cancellation(walk: Walk) -> None:
    """Tasks of the program may be cancelled."""
    walk.session.cancels = True
    for kind in objects.cancellation_classes():
        index(walk, kind)


# --- making ----------------------------------------------------------------------------------------------------------


def maker(walk: Walk, node: ast.Call) -> tuple[ObjectKind, Type | None] | None:
    """The kind of object a call makes, and the item type in its brackets; None if it makes none."""
    if isinstance(node.func, ast.Subscript):
        kind = objects.kind_made_by(host_value(walk, node.func.value))
        return None if kind is None else (kind, of_node(walk.source, node.func.slice, "the queue's items"))
    kind = objects.kind_made_by(host_value(walk, node.func))
    return None if kind is None else (kind, None)


def make(
    walk: Walk, node: ast.Call, kind: ObjectKind, item: Type | None, declared: Type | None = None
) -> tree.Expression:
    """`Event()`, `Semaphore(3)`, `Queue[i32](maxsize=8)`; `declared` is the type of the name that it goes to."""
    span, name = walk.source.span(node), ast.unparse(node.func)
    know_errors(walk)
    if kind == "group":
        raise walk.refuse(node, f"a {name} is made where it is entered", f"write `async with {name}() as tg:`")
    if kind == "condition":
        return tree.MakeObject(span, Reference(kind), _lock_of_condition(walk, node))
    type = Reference(kind)
    if kind == "queue":
        type = _queue_type(walk, node, item, declared)
    wanted = objects.MAKERS[kind]
    positional = [wanted.parameter] if wanted.parameter else []
    given: dict[str | None, ast.expr] = dict(zip(positional, node.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in node.keywords}
    if len(node.args) + len(node.keywords) > len(given) or set(given) - {wanted.parameter}:
        takes = f"{name}({wanted.parameter})" if wanted.parameter else f"{name}()"
        raise walk.refuse(node, f"{name}() is not made with these arguments", f"write `{takes}`")
    if not wanted.parameter:
        return tree.MakeObject(span, type, ())
    if wanted.parameter in given:
        number = numbers.fit(expression(walk, given[wanted.parameter]), i64, f"'{wanted.parameter}' of {name}()")
    elif wanted.default is not None:
        number = tree.Constant(span, i64, wanted.default)
    else:
        raise walk.refuse(node, f"{name}() needs {wanted.parameter}", f"write `{name}({wanted.parameter})`")
    return tree.MakeObject(span, type, (number,))


def _queue_type(walk: Walk, node: ast.Call, item: Type | None, declared: Type | None) -> Reference:
    if item is None and isinstance(declared, Reference):
        return declared
    if item is None:
        name = ast.unparse(node.func)
        raise walk.refuse(node, "what the queue holds must be known where it is made",
                          f"write the type of its items: `{name}[int](...)`")  # fmt: skip
    if holds_reference(item):
        raise walk.refuse(node, f"a queue cannot hold {spelled(item)}: no synchronisation object goes through a queue",
                          "pass the object to the tasks that use it")  # fmt: skip
    return Reference("queue", (item,))


def _lock_of_condition(walk: Walk, node: ast.Call) -> tuple[tree.Expression, ...]:
    arguments = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "lock")]
    if len(arguments) != len(node.args) + len(node.keywords) or len(arguments) > 1:
        raise walk.refuse(node, "Condition() takes one lock, or nothing", "write `Condition(lock)`")
    found = tuple(expression(walk, argument) for argument in arguments)
    for lock, argument in zip(found, arguments, strict=True):
        if lock.type != Reference("lock"):
            raise walk.refuse(argument, f"a Condition is made with a Lock, not {with_article(strong(lock).type)}",
                              "write `Condition(lock)`, or `Condition()` for one with a lock of its own")  # fmt: skip
    return found


def holds_reference(type: Type) -> bool:
    return isinstance(type, Reference) or (isinstance(type, Tuple) and any(map(holds_reference, type.elements)))


# --- operations ------------------------------------------------------------------------------------------------------


def owner(walk: Walk, node: ast.expr) -> tree.Expression | None:
    """The object whose attribute `node` is, if it is an object's."""
    if not isinstance(node, ast.Attribute):
        return None
    base = node.value
    match base:
        case ast.Name(id=name) if name in walk.locals:
            known = walk.variables.get(name)
            is_object = known is not None and isinstance(known.type, Reference)
        case ast.Subscript(value=ast.Name(id=name)) if name in walk.variables:
            known = walk.variables[name]
            is_object = isinstance(known.type, Reference) and any(map(holds_reference, known.type.elements))
        case ast.Name(id=name):
            is_object = _is_host_object(walk.source.lookup(name))
        case ast.Attribute():
            is_object = _is_host_object(host_value(walk, base))
        case ast.Call() | ast.Await():
            found = expression(walk, base)
            return found if isinstance(found.type, Reference) else None
        case _:
            is_object = False
    return expression(walk, base) if is_object else None


def _is_host_object(found: Any) -> bool:
    return found is not MISSING and objects.kind_made_by(type(found)) is not None


def call(walk: Walk, node: ast.Call, target: tree.Expression) -> tree.Expression:
    """A method of an object that does not wait."""
    name, method = _method(walk, node, target)
    if method.waits:
        raise walk.refuse(node, f"`{ast.unparse(node)}` was not awaited", f"write `await {ast.unparse(node)}`")
    assert isinstance(target.type, Reference)
    if target.type.kind == "task" and name == "result":
        from coro2cuda.frontend.infer_tasks import result_of

        return result_of(walk, node, target)
    if name == "cancel":
        know_cancellation(walk)
    arguments = _arguments(walk, node, target.type, method)
    return tree.Operation(walk.source.span(node), _result(target.type, method),
                          objects.operation(target.type, name), target, arguments)  # fmt: skip


def wait(walk: Walk, node: ast.Await, called: ast.Call, target: tree.Expression) -> tree.Expression:
    """An awaited method of an object."""
    name, method = _method(walk, called, target)
    if not method.waits:
        shown = ast.unparse(called)
        raise walk.refuse(node, f"`{shown}` does not wait, and cannot be awaited", f"write `{shown}` without `await`")
    assert isinstance(target.type, Reference)
    arguments = _arguments(walk, called, target.type, method)
    return tree.Wait(walk.source.span(node), _result(target.type, method),
                     objects.operation(target.type, name), target, arguments)  # fmt: skip


def until(walk: Walk, node: ast.Await) -> ast.While | None:
    """`await condition.wait_for(lambda: test)`, a statement, as the loop that it is in asyncio:
    `while not test: await condition.wait()`. None if it is something else."""
    called = node.value
    if not is_wait_for_test(called):
        return None
    assert isinstance(called, ast.Call) and isinstance(called.func, ast.Attribute)
    target = owner(walk, called.func) if host_value(walk, called.func) is MISSING else None
    if target is None or target.type != Reference("condition"):
        return None
    if not isinstance(called.func.value, ast.Name | ast.Attribute):
        raise walk.refuse(called.func.value, "the loop of wait_for would make this condition anew each time",
                          "keep it in a name first")  # fmt: skip
    (test,) = called.args
    if isinstance(test, ast.Lambda):
        if (stored := next((one for one in ast.walk(test.body) if isinstance(one, ast.NamedExpr)), None)) is not None:
            raise walk.refuse(stored, "a name in a lambda is the lambda's own", "test without `:=`")
        test = test.body
    else:
        test = ast.copy_location(ast.Call(test, [], []), test)
    wait = ast.Call(ast.Attribute(called.func.value, "wait", ast.Load()), [], [])
    loop = ast.While(ast.UnaryOp(ast.Not(), test), [ast.Expr(ast.Await(wait))], [])
    return ast.fix_missing_locations(ast.copy_location(loop, node))


def attribute(walk: Walk, node: ast.Attribute, target: tree.Expression) -> tree.Expression:
    """An attribute of an object, such as `barrier.parties`."""
    assert isinstance(target.type, Reference)
    found = objects.attribute_of(target.type, node.attr)
    if found is None:
        if objects.method_of(target.type, node.attr) is not None:
            raise walk.refuse(node, f"`{ast.unparse(node)}` is a method", f"call it: `{ast.unparse(node)}()`")
        raise _no_such(walk, node, target.type)
    return tree.Operation(walk.source.span(node), i64, f"{target.type.kind}.{node.attr}", target, ())


def _method(walk: Walk, node: ast.Call, target: tree.Expression) -> tuple[str, objects.Method]:
    assert isinstance(node.func, ast.Attribute) and isinstance(target.type, Reference)
    know_errors(walk)
    method = objects.method_of(target.type, node.func.attr)
    if method is None:
        raise _no_such(walk, node.func, target.type)
    return node.func.attr, method


def _no_such(walk: Walk, node: ast.Attribute, type: Reference) -> Exception:
    known = [*objects.METHODS.get(type.kind, {}), *objects.ATTRIBUTES.get(type.kind, {})]
    hint = f"it has {', '.join(known)}"
    if type.kind == "list":
        hint = "it can be indexed, iterated over and summed"
        if isinstance(type.element, Reference):
            hint = "it can be indexed and iterated over, and where it is made `tasks.append(task)` is a statement"
    elif type.kind == "group":
        hint = "it has create_task"
    if node.attr in objects.WRITTEN_OUT.get(type.kind, ()):
        shown = ast.unparse(node)
        return walk.refuse(node, f"`{shown}` is a statement, awaited, that takes a test without parameters",
                           f"write `await {shown}(lambda: ...)` on a line of its own")  # fmt: skip
    return walk.refuse(node, f"{with_article(type)} has no '{node.attr}' in a coroutine", hint)


def _arguments(walk: Walk, node: ast.Call, type: Reference, method: objects.Method) -> tuple[tree.Expression, ...]:
    name, most = ast.unparse(node.func), int(method.gives or method.number)
    if node.keywords or len(node.args) > most or (method.gives and not node.args):
        takes = "the item" if method.gives else "a number at most" if method.number else "no arguments"
        raise walk.refuse(node, f"{name}() takes {takes}", f"write `{name}({'item' if method.gives else ''})`")
    if method.gives:
        return (strong(numbers.fit(expression(walk, node.args[0]), type.element, f"an item of '{_owner_name(node)}'")),)
    if method.number:
        span = walk.source.span(node)
        number = expression(walk, node.args[0]) if node.args else tree.Constant(span, i64, 1)
        return (numbers.fit(number, i64, f"the number of {name}()"),)
    return ()


def _owner_name(node: ast.Call) -> str:
    assert isinstance(node.func, ast.Attribute)
    return ast.unparse(node.func.value)


def _result(type: Reference, method: objects.Method) -> Type:
    match method.result:
        case "true":
            return boolean
        case "item":
            return type.element
        case other:
            return other


# --- async with ------------------------------------------------------------------------------------------------------


def async_with(walk: Walk, node: ast.AsyncWith, items: list[ast.withitem] | None = None) -> tree.Statement:
    """`async with a, b: ...` is `async with a: async with b: ...`."""
    from coro2cuda.frontend.infer_function import block
    from coro2cuda.frontend.infer_tasks import task_group

    first, *rest = node.items if items is None else items
    if isinstance(first.context_expr, ast.Call) and is_timeout(host_value(walk, first.context_expr.func)):
        from coro2cuda.frontend.infer_timeouts import timeout

        return timeout(walk, node, first, (lambda: (async_with(walk, node, rest),)) if rest else None)
    if isinstance(first.context_expr, ast.Call) and (made := maker(walk, first.context_expr)) and made[0] == "group":
        return task_group(walk, node, first, (lambda: (async_with(walk, node, rest),)) if rest else None)
    know_errors(walk)
    target = _context(walk, first)
    assert isinstance(target.type, Reference)
    span, entering = walk.source.span(first.context_expr), objects.CONTEXTS[target.type.kind]
    held = tree.Variable("held", target.type)
    name = tree.Name(span, target.type, held)
    enter = tree.Wait(span, boolean, objects.operation(target.type, entering[0]), name, ())
    leave = None
    if entering[1]:
        leave = tree.Operation(span, none, objects.operation(target.type, entering[1]), name, ())
    body = (async_with(walk, node, rest),) if rest else tuple(block(walk, node.body))
    return tree.Guarded(walk.source.span(node), held, target, enter, leave, body)


def _context(walk: Walk, item: ast.withitem) -> tree.Expression:
    shown = ast.unparse(item.context_expr)
    target = expression(walk, item.context_expr)
    kind = target.type.kind if isinstance(target.type, Reference) else None
    if kind is None or kind not in objects.CONTEXTS:
        raise walk.refuse(item.context_expr, f"`async with` cannot hold {with_article(strong(target).type)}",
                          "it holds a Lock, Semaphore, Condition, Barrier, TaskGroup or timeout")  # fmt: skip
    if item.optional_vars is not None:
        raise walk.refuse(item.context_expr, f"`async with {shown} as ...`: it has no value",
                          f"write `async with {shown}:`")  # fmt: skip
    return target


# --- time ------------------------------------------------------------------------------------------------------------

NANOSECONDS = 1_000_000_000


def seconds_of(walk: Walk, node: ast.expr, name: str) -> tree.Expression:
    """A number of seconds, as f64."""
    seconds = strong(expression(walk, node))
    if not isinstance(seconds.type, Scalar) or seconds.type == boolean:
        raise walk.refuse(node, f"{name}() of {with_article(seconds.type)}", "give it seconds, as a number")
    return numbers.convert(seconds, f64)


def sleep(walk: Walk, node: ast.Await, called: ast.Call) -> tree.Expression:
    """`await sleep(seconds)`; of a literal 0 it is `reschedule()`, as in asyncio."""
    name = ast.unparse(called.func)
    know_errors(walk)
    if len(called.args) != 1 or called.keywords:
        raise walk.refuse(called, f"{name}() takes the seconds in a coroutine, and nothing else",
                          f"write `await {name}(seconds)`")  # fmt: skip
    seconds = seconds_of(walk, called.args[0], name)
    if isinstance(seconds, tree.Constant) and seconds.value == 0:
        return tree.Reschedule(walk.source.span(node), none)
    return tree.Wait(walk.source.span(node), none, "sleep", seconds, ())


def clock_unit(callee: Any) -> Scalar | None:
    """The type of what a clock of Python's `time` tells: i64 nanoseconds, f64 seconds; None for all other callees."""
    if getattr(callee, "__module__", None) != "time":
        return None
    return {"time_ns": i64, "monotonic_ns": i64, "perf_counter_ns": i64, "time": f64, "monotonic": f64,
            "perf_counter": f64}.get(callee.__name__)  # fmt: skip


def clock(walk: Walk, node: ast.Call, unit: Scalar) -> tree.Expression:
    """The device's clock. It has one; where it begins is not said."""
    name = ast.unparse(node.func)
    if node.args or node.keywords:
        raise walk.refuse(node, f"{name}() takes no arguments", f"write `{name}()`")
    span = walk.source.span(node)
    ticks = tree.Convert(span, i64, tree.Builtin(span, u64, "device.nanoseconds", ()))
    if unit == i64:
        return ticks
    second = tree.Constant(span, f64, float(NANOSECONDS))
    return tree.Binary(span, f64, "truediv", tree.Convert(span, f64, ticks), second)
