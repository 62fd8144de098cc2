"""Random statements that wait for other tasks: under a guard, for items of a queue, for an event, at a semaphore.

    async with guard:                       sums in `shared`, which any task may add to at any time: their order does
        seen = shared[1]                    not matter, and nobody reads them before the end
        ...
        shared[1] = (seen + v1) % 1000003

    q = Queue[i32](2)                       one puts and one gets, so the items come in order
    t1 = create_task(feed_i32(q, v1, 3))
    for k in range(3): v2 = await q.get()

    t2 = create_task(after_f1(e1, e2, log, 3))    one after the other by events, in whatever order they were begun:
    t1 = create_task(after_f0(e0, e1, log, 7))    so all of them may have the same arrays

There is no deadlock: whoever holds the guard waits for nobody who may want it, and what others wait for cannot fail.
"""

from __future__ import annotations

from collections.abc import Callable

from fuzz_scope import SHORTEST, Callee, Handle, Scope, spelled
from fuzz_statements import Body, Statement
from fuzz_tasks import apart, await_all, parts_for

from coro2cuda.frontend.dtypes import Scalar, Tuple, Type, i64, none

GUARDS = ("Lock()", "Semaphore()", "BoundedSemaphore(1)", "Condition()")  # each lets one in at a time

FEED = '''
@gpu_async
async def feed_{name}(queue, x: {type}, count: int) -> int:
    for i in range(count):
        {before}
        await queue.put(x)
        {after}
    return count
'''

DRAIN = '''
@gpu_async
async def drain_{name}(queue, count: int) -> int:
    found = 7
    for _ in range(count):
        {before}
        item = await queue.get()
        found = (found * 31 + {shown}) % 1000003
        {after}
    return found
'''

AFTER = '''
@gpu_async
async def {name}({declared}):
    await before.wait()
    {call}
    then.set()
    {result}
'''

PASS = '''
@gpu_async
async def through(gate, total: i64[:], x: int) -> int:
    async with gate:
        await reschedule()
        atomic_add(total, x % len(total), 1)
    return x
'''

# --- the guard


def guarded(body: Body) -> None:
    """A sum in `shared`: what is read is written after other things, suspensions among them."""
    outer, shared = body.scope, body.scope.stands["shared"]
    place, seen = str(body.choose.randrange(SHORTEST)), body.name("seen")
    body.line("async with guard:")
    body.indent += 1
    body.line(f"{seen} = int({shared}[{place}])")
    body.scope = outer.copy()
    del body.scope.stands["shared"]
    body.scope.handles = {name: handle for name, handle in outer.handles.items() if not handle.waits}
    body.block(2)
    if not body.ended:
        body.line(f"{shared}[{place}] = ({seen} + {body.expression(i64, 1)}) % 1000003")
    body.indent -= 1
    body.scope = outer


# --- queues


def consume(body: Body) -> None:
    """A task puts, and this one gets."""
    type = item_type(body)
    queue, task, count = queue_and_count(body, type)
    body.line(f"{task} = create_task({helper(body, 'feed', FEED, type)}({queue}, {body.expression(type, 1)}, {count}))")
    item, scope = body.name("x"), body.scope.copy()
    scope.names[item] = type
    turns(body, count, scope, first=f"{item} = await {queue}.get()")
    body.line(f"await {task}")
    body.scope.handles[task] = Handle(i64, waits=False)


def produce(body: Body) -> None:
    """This one puts, and a task gets."""
    type = item_type(body)
    queue, task, count = queue_and_count(body, type)
    body.line(f"{task} = create_task({helper(body, 'drain', DRAIN, type)}({queue}, {count}))")
    scope = body.scope.copy()
    turns(body, count, scope, last=lambda: f"await {queue}.put({body.expression(type, 1)})")
    body.bind_result(f"await {task}", i64)
    body.scope.handles[task] = Handle(i64, waits=False)


def crowd(body: Body) -> None:
    """Several put and several get, so only what all of them found together is known."""
    body.forks = True
    queue, x = body.name("q"), body.leaf(i64)
    count = body.choose.randrange(1, 5)
    body.helpers["take_some"] = TAKE
    feed = helper(body, "feed", FEED, i64)
    body.line(f"{queue} = Queue[int]({body.choose.randrange(3)})")
    found = [body.name() for _ in range(4)]
    calls = [f"{feed}({queue}, {x} % 1000, {count * 2})", f"take_some({queue}, {count})",
             f"{feed}({queue}, {body.leaf(i64)} % 1000, {count})", f"take_some({queue}, {count * 2})"]  # fmt: skip
    body.line(f"{', '.join(found)} = await gather({', '.join(calls)})")
    total = body.name()
    body.line(f"{total} = {found[1]} + {found[3]}")
    for name in (found[0], found[2], total):
        body.bind(name, i64)


TAKE = '''
@gpu_async
async def take_some(queue: Queue[int], count: int) -> int:
    total = 0
    for _ in range(count):
        total += await queue.get()
        queue.task_done()
    return total
'''


def item_type(body: Body) -> Type:
    return Tuple((body.scalar(), body.scalar())) if body.chance(20) else body.scalar()


def queue_and_count(body: Body, type: Type) -> tuple[str, str, int]:
    """A new queue, a name for the task at its other end, and how many items go through it."""
    body.forks = True
    queue = body.name("q")
    body.line(f"{queue} = Queue[{spelled(type)}]({body.choose.randrange(4)})")
    return queue, body.name("t"), body.choose.randrange(1, 5)


def helper(body: Body, kind: str, template: str, type: Type) -> str:
    """The name of a coroutine that puts or gets items of a type; it suspends around that, or does not."""
    name = "_".join(element.name for element in type.elements) if isinstance(type, Tuple) else type.name
    if f"{kind}_{name}" not in body.helpers:
        before, after = (body.pick(["await reschedule()", "pass"]) for _ in range(2))
        body.helpers[f"{kind}_{name}"] = template.format(
            name=name, type=spelled(type), before=before, after=after, shown=shown("item", type)
        )
    return f"{kind}_{name}"


def shown(item: str, type: Type) -> str:
    """An int that tells values apart, somewhat."""
    if isinstance(type, Tuple):
        return " + ".join(shown(f"{item}[{position}]", element) for position, element in enumerate(type.elements))
    assert isinstance(type, Scalar)
    return f"int({item} > 0.0)" if type.is_float else f"int({item}) % 1000"


def turns(body: Body, count: int, scope: Scope, first: str = "", last: Callable[[], str] | None = None) -> None:
    """A loop that is not left: somebody at the other end counts its turns."""
    loops, leaving, features = body.loops, body.leaving, body.features
    outer, times = body.scope, body.times
    body.line(f"for _ in range({count}):")
    body.indent += 1
    body.scope, body.times, body.loops, body.leaving = scope, times * count, 0, False
    if features.exceptions:
        body.features = features.without_errors()
    if first:
        body.line(first)
    body.block(2)
    if last is not None:
        body.line(last())
    body.indent -= 1
    body.scope, body.times, body.loops, body.leaving, body.features = outer, times, loops, leaving, features


# --- events


def one_after_the_other(body: Body) -> None:
    """Tasks that have the same arrays, each waiting for the one before, begun in any order."""
    share, count = 2, body.choose.randrange(2, 4)
    if body.limit // share < SHORTEST:
        return body.suspend()
    with apart(body, share, calm=True) as outer:
        found = [callee for callee in body.callable_here(None) if callee.is_coroutine]
        if not found:
            return body.block(1)
        chosen = [found[body.choose.randrange(len(found))] for _ in range(count)]
        chosen = [callee for callee in chosen if body.afford(callee.cost)]
        body.forks = True
        events = [body.name("e") for _ in range(len(chosen) + 1)]
        for event in events:
            body.line(f"{event} = Event()")
        begun = {}
        for position in sorted(range(len(chosen)), key=lambda _: body.choose.randrange(100)):
            name, callee = body.name("t"), chosen[position]
            arrays = [*events[position : position + 2], *callee.given(parts_for(body, callee, outer, share, 0))]
            body.line(f"{name} = create_task({after(body, callee)}({', '.join([*arrays, *values(body, callee)])}))")
            begun[name] = Handle(callee.result, waits=True)
        body.line(f"{events[0]}.set()")
        body.scope.handles |= begun
        body.block(2)
        if body.chance(40):
            body.line(f"await {events[-1]}.wait()")
        await_all(body, list(begun))


def values(body: Body, callee: Callee) -> list[str]:
    return [body.argument(parameter, 1) for parameter in callee.parameters]


def after(body: Body, callee: Callee) -> str:
    """A coroutine that waits for an event, calls another, and sets the next event; its name."""
    body.forks |= callee.forks
    name, result = f"after_{callee.name}", "" if callee.result == none else "result = "
    given = ", ".join([*callee.given(callee.arrays), *(parameter.name for parameter in callee.parameters)])
    body.helpers[name] = AFTER.format(
        name=name, declared=", ".join(["before: Event", "then: Event", *callee.declared()]),
        call=f"{result}await {callee.name}({given})", result="return result" if result else "return",
    )  # fmt: skip
    return name


def at_a_gate(body: Body) -> None:
    """More than a semaphore lets in at a time."""
    if "total" not in body.scope.stands:
        return crowd(body)
    body.forks = True
    body.helpers["through"] = PASS
    gate, index, total = body.name("s"), body.name("j"), body.name()
    body.line(f"{gate} = {body.pick(['Semaphore(2)', 'Semaphore(1)', 'BoundedSemaphore(3)'])}")
    body.line(f"{total} = sum(await gather(*[through({gate}, total, {index}) for {index} in range(7)]))")
    body.bind(total, i64)


SYNC: tuple[Statement, ...] = (
    Statement(14, guarded, "guard"),
    Statement(3, consume, "sync"),
    Statement(3, produce, "sync"),
    Statement(2, crowd, "sync"),
    Statement(8, one_after_the_other, "sync"),
    Statement(2, at_a_gate, "sync"),
)
