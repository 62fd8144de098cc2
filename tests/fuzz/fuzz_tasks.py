"""Random statements that begin tasks: `gather`, `create_task`, lists of tasks, task groups.

No schedule can change what a program computes, for no task sees what another writes at the same time. `apart` is how:

    w3, w4 = log[2 * (len(log) // 3):], ...             from here on the function has the last third of every array,
    t1 = create_task(f0(log[:1 * (len(log) // 3)], 7))  and each of its tasks another,
    t2 = create_task(f1(log[...], v1))
    v2 = v1 + (await t1) * (await note_i64(w3, v1))     while it computes other things and awaits them,
    await t2
    v3 = await f0(log, v2)                              until all of them are done

Where errors are handled, nothing fails while tasks run, but in a `try` whose `finally` awaits them: a handler would see
arrays that they still write. Nor does anything in a task group: its error would be a group.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from fuzz_scope import EVERYBODYS, NUMBERS, SHORTEST, WRITTEN, Callee, Features, Handle, Scope
from fuzz_statements import Body, Statement

from coro2cuda.frontend.dtypes import Scalar, Tuple, Type, boolean, i64, none

MANY = 40  # children that have no arrays of their own

JOINED = '''
@gpu_async
async def joined(task, turns: int):
    """The result of a task that another began."""
    for _ in range(turns):
        await reschedule()
    return await task
'''

# --- gather


def gather(body: Body) -> None:
    """Several calls at once, each with its own part of the arrays."""
    count = body.choose.randrange(1, 4)
    children = [child for _ in range(count) if (child := body.coroutine_here(count))]
    if not children or not body.afford(sum(callee.cost for callee in children)):
        return body.await_call()
    body.forks = True
    calls = [body.invocation(callee, body.depth(), count, part) for part, callee in enumerate(children)]
    use_gathered(body, f"await gather({', '.join(calls)})", [callee.result for callee in children])


def use_gathered(body: Body, text: str, results: list[Type]) -> None:
    if none in results:
        body.line(text)
        return
    if set(results) <= set(NUMBERS) and len(set(results)) == 1 and body.chance(20):
        name = body.name()
        body.line(f"{name} = {body.pick(['min', 'max'])}({text})" if len(results) > 1 else f"({name},) = {text}")
        body.bind(name, results[0])
        return
    names = [body.name() for _ in results]
    if body.chance(30):
        whole = body.name("t")
        body.line(f"{whole} = {text}")
        body.bind(whole, Tuple(tuple(results)))
        return
    body.line(f"{', '.join(names)}{',' if len(names) == 1 else ''} = {text}")
    for name, type in zip(names, results, strict=True):
        body.bind(name, type)


def gather_each(body: Body) -> None:
    """As many children as the data says; their results unused, added up, or in a list."""
    each = child_of_each(body)
    if each is None:
        return gather(body)
    body.forks = True
    call, callee, loop, condition = each
    is_integer = isinstance(callee.result, Scalar) and callee.result.is_integer
    if callee.result not in NUMBERS or body.chance(20):
        body.line(f"await gather(*[{call} {loop}{condition}])")
    elif is_integer and body.chance(60):
        name = body.name()
        body.line(f"{name} = sum(await gather(*[{call} {loop}{condition}])){small(body)}")
        body.bind(name, callee.result)
    else:
        name = body.name("r")
        body.line(f"{name} = await gather(*[{call} {loop}])")
        use_list(body, name, callee.result)


def small(body: Body) -> str:
    return "" if body.features.widths else " % 10007"


def use_list(body: Body, name: str, type: Type) -> None:
    """What can be done with a list of results, some of it."""
    assert isinstance(type, Scalar)
    if body.chance(60):
        total = body.name()
        body.line(f"{total} = sum({name}){small(body) if type.is_integer else ''}")
        body.bind(total, type)
    if body.chance(40):
        last = body.name()
        body.line(f"{last} = {name}[{body.leaf(i64)} % len({name})] if len({name}) > 0 else {body.constant(type)}")
        body.bind(last, type)
    if body.indent < 5 and body.chance(50):
        item, scope = body.name("x"), body.scope.copy()
        scope.names[item] = type
        body.loop(f"for {item} in {name}:", 4, scope)


def child_of_each(body: Body) -> tuple[str, Callee, str, str] | None:
    """A call that a comprehension makes, its callee, and the comprehension's loop and condition."""
    callee = body.coroutine_here()
    if callee is None:
        return None
    alone = not set(callee.arrays) - set(EVERYBODYS)
    share = 1 if alone else (2, 4, 8)[body.choose.randrange(3)]
    times = MANY if alone and callee.cost < MANY else share
    if callee.need * share > body.limit or not body.afford(MANY if alone else callee.cost * share):
        return None
    body.need = max(body.need, callee.need * share)
    index, arrays = body.name("j"), over(body) if alone and body.chance(50) else []
    known = body.scope.arrays
    with body.pure():
        if arrays:
            array = body.pick(arrays)
            source, element = f"{array}[{body.pick(['1:', '::2', ':3'])}]", known[array]
        else:
            many = f"{body.expression(i64, 1)} % {times + 1}" if body.chance(50) else str(times)
            source, element = f"range({many})", i64
        body.scope.names[index] = element
        body.scope.fixed.add(index)
        condition = f" if {body.condition(1)}" if body.chance(30) else ""
        values = [body.argument(parameter, 1) for parameter in callee.parameters]
    parts = [body.part_of(name, share, index) for name in callee.arrays]
    body.raises |= callee.raises
    return f"{callee.name}({', '.join([*callee.given(parts), *values])})", callee, f"for {index} in {source}", condition


def over(body: Body) -> list[str]:
    """Arrays that a comprehension may run over: not of i64, which its children may write."""
    return [name for name, element in body.scope.arrays.items() if element != i64 and not body.scope.columns[name]]


# --- tasks with names


@contextmanager
def apart(body: Body, share: int, calm: bool = False) -> Iterator[Scope]:
    """What is written inside has the last of so many parts of every array, and does not leave the block. The others, of
    the scope that this gives, are for tasks that are done at its end.

    Args:
        body: of the function.
        share: parts.
        calm: nothing may fail, whether errors are handled or not.
    """
    outer, limit, need = body.scope, body.limit, body.need
    loops, leaving, features = body.loops, body.leaving, body.features
    inner = replace(outer.copy(), arrays={}, columns={}, lengths={})
    for array, known in outer.stands.items():
        if array in EVERYBODYS:
            continue
        name = inner.stands[array] = body.name("w")
        body.line(f"{name} = {body.part_of(array, share, share - 1)}")
        if array not in WRITTEN:
            inner.see(name, outer.arrays[known], SHORTEST, outer.columns[known])
    body.scope, body.need, body.limit = inner, SHORTEST, limit // share
    body.loops, body.leaving = 0, False
    if calm or features.exceptions:
        body.features = features.without_errors()
    yield outer
    body.loops, body.leaving, body.features = loops, leaving, features
    body.need, body.limit = max(need, body.need * share), limit
    body.scope = replace(
        body.scope, arrays=outer.arrays, columns=outer.columns, lengths=outer.lengths, stands=outer.stands,
        handles={name: replace(handle, waits=outer.handles[name].waits if name in outer.handles else False)
                 for name, handle in body.scope.handles.items()},
    )  # fmt: skip


def parts_for(body: Body, callee: Callee, outer: Scope, share: int, part: int | str) -> list[str]:
    """The arrays of a task, inside `apart`."""
    body.need = max(body.need, callee.need)
    return [body.part_of(name, share, part, outer) for name in callee.arrays]


def create_tasks(body: Body) -> None:
    """Tasks in names, awaited after other things: here, by another coroutine, twice, or by nobody but at the end."""
    share = body.choose.randrange(2, 4)
    if body.limit // share < SHORTEST or body.coroutine_here(share) is None:
        return gather(body)
    body.forks = True
    features = body.features
    with apart(body, share) as outer:
        names = [name for part in range(share - 1) if (name := begin(body, outer, share, part))]
        if names and body.chance(30):
            with_finally(body, names, features)
        else:
            body.block(3)
            await_all(body, names)


def begin(body: Body, outer: Scope, share: int, part: int, how: str = "create_task") -> str | None:
    """`t = create_task(f(...))`; the name, if there is a call that we can afford."""
    callee = body.coroutine_here()
    if callee is None or not body.afford(callee.cost):
        return None
    name = body.name("t")
    body.line(f"{name} = {how}({body.given(callee, parts_for(body, callee, outer, share, part), body.depth())})")
    body.scope.handles[name] = Handle(callee.result, waits=True)
    return name


def await_all(body: Body, names: list[str]) -> None:
    """All of the tasks, in any order, whether they have been awaited before or not."""
    names = sorted(names, key=lambda _: body.choose.randrange(100))
    for name in names:
        result = body.scope.handles[name].result
        if body.chance(30):
            body.helpers["joined"] = JOINED
            text = f"await joined({name}, {body.choose.randrange(3)})"
        else:
            text = f"await {name}"
        if result == none or body.chance(30):
            body.line(text)
        else:
            body.bind_result(text, result)
    if names and body.chance(30):
        body.line(f"assert {names[0]}.done()")


def with_finally(body: Body, names: list[str], features: Features) -> None:
    """What may fail while the tasks run stands in a `try` that awaits them on every way out."""
    calm, body.features = body.features, features
    body.line("try:")
    body.nested(3, body.scope.copy())
    body.line("finally:")
    body.indent += 1
    for name in names:
        body.line(f"await {name}")
    body.indent -= 1
    body.features = calm


def left_alone(body: Body) -> None:
    """A task that nobody awaits: it may run until the end, so it has nothing but what all share."""
    found = [
        callee
        for callee in body.callable_here(None)
        if callee.is_coroutine and not callee.raises and not set(callee.arrays) - set(EVERYBODYS)
    ]
    if not found:
        return create_tasks(body)
    callee = found[body.choose.randrange(len(found))]
    if body.afford(callee.cost):
        body.forks = True
        body.line(f"create_task({body.invocation(callee, body.depth())})")
    else:
        body.suspend()


# --- groups and lists


def group(body: Body) -> None:
    """A task group, with tasks in names and in a loop; all are done at its end."""
    share = body.choose.randrange(2, 5)
    if body.limit // share < SHORTEST:
        return gather(body)
    body.forks = True
    with apart(body, share, calm=True) as outer:
        tasks = body.name("g")
        body.line(f"async with TaskGroup() as {tasks}:")
        body.indent += 1
        before = len(body.lines)
        for part in range(share - 2):
            begin(body, outer, share, part, f"{tasks}.create_task")
        callee = body.coroutine_here()
        if callee is not None and body.afford(callee.cost):
            part = body.name("j")
            with body.pure():
                values = [body.argument(parameter, 1) for parameter in callee.parameters]
            call = f"{callee.name}({', '.join([*callee.given(parts_for(body, callee, outer, share, part)), *values])})"
            body.line(f"for {part} in range({share - 2}, {share - 1}):")
            body.line(f"    {tasks}.create_task({call})")
        if len(body.lines) == before or body.chance(60):
            body.block(2)
        body.indent -= 1


def task_list(body: Body) -> None:
    """A list of tasks, awaited one by one, all at once, or both."""
    share = (2, 3, 5)[body.choose.randrange(3)]
    found = [callee for callee in body.callable_here(None, share) if callee.is_coroutine and callee.result != boolean]
    if not found:
        return create_tasks(body)
    callee = found[body.choose.randrange(len(found))]
    if not body.afford(callee.cost * (share - 1)):
        return gather(body)
    body.forks = True
    with apart(body, share) as outer:
        body.raises |= callee.raises
        name, part = body.name("ts"), body.name("j")
        with body.pure():
            many = f"{body.expression(i64, 1)} % {share}" if body.chance(40) else str(share - 1)
            body.scope.names[part] = i64
            body.scope.fixed.add(part)
            values = [body.argument(parameter, 1) for parameter in callee.parameters]
        call = f"{callee.name}({', '.join([*callee.given(parts_for(body, callee, outer, share, part)), *values])})"
        if body.chance(40):
            body.line(f"{name} = [create_task({call}) for {part} in range({many})]")
        else:
            grow(body, name, f"for {part} in range({many}):", call)
        if body.chance(60):
            body.block(2)
        if body.indent < 5 and body.chance(40):
            one = body.name("t")
            scope = body.scope.copy()
            scope.handles[one] = Handle(callee.result, waits=True)
            body.loop(f"for {one} in {name}:", share, scope)
        await_list(body, name, callee.result)


def grow(body: Body, name: str, head: str, call: str) -> None:
    """Append the tasks one by one, perhaps not all, while those before them run."""
    body.line(f"{name} = []")
    body.line(head)
    body.indent += 1
    if body.chance(30):
        body.suspend()
    if body.chance(30):
        with body.pure():
            body.line(f"if {body.condition(1)}:")
        body.indent += 1
        body.line(f"{name}.append(create_task({call}))")
        body.indent -= 1
    else:
        body.line(f"{name}.append(create_task({call}))")
    if body.chance(20):
        body.suspend()
    body.indent -= 1


def await_list(body: Body, name: str, type: Type) -> None:
    is_number = isinstance(type, Scalar) and type in NUMBERS
    if not is_number or body.chance(30):
        body.line(f"await gather(*{name})")
    elif type.is_integer and body.chance(50):
        total = body.name()
        body.line(f"{total} = sum(await gather(*{name})){small(body)}")
        body.bind(total, type)
    else:
        results = body.name("r")
        body.line(f"{results} = await gather(*{name})")
        use_list(body, results, type)


TASKS: tuple[Statement, ...] = (
    Statement(9, gather, "gather"),
    Statement(9, gather_each, "tasks"),
    Statement(8, create_tasks, "tasks"),
    Statement(2, left_alone, "tasks"),
    Statement(4, group, "tasks"),
    Statement(16, task_list, "tasks"),
)
