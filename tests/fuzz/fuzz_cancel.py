"""Random statements that cancel and set time limits, and tasks that fail and are kept.

    begun = Semaphore(0)                          h0 never ends by itself (`fuzz_hang`)
    t1 = create_task(h0(begun, log[...], v1))
    ...                                           other things, on other parts of the arrays
    await begun.acquire()                         now it waits for ever
    t1.cancel()                                   or wait_for(t1, 0.0002), or the group it is in fails
    try: v2 = await t1                            its handlers and `finally` have run when this is over
    except asyncio.CancelledError: v2 = 7

Only what is certain is looked at: a limit is so long that it never passes, or what it is for never ends. Nothing fails
at the same time as something else.
"""

from __future__ import annotations

from fuzz_statements import Body, Statement
from fuzz_tasks import apart, parts_for

from coro2cuda.frontend.dtypes import Type, i64

SHORT = ("0.0002", "0.0001", "0.0", "0.00001 * 7")  # limits that pass

TROUBLED = '''
@gpu_async
async def troubled(x: int, turns: int) -> int:
    """Fails, or does not."""
    for _ in range(turns):
        {before}
    if x % 3 == 0:
        raise Trouble(x)
    return 100 // (x % 3 - 1)
'''

TAKERS = {
    "Semaphore(0)": '''
@gpu_async
async def takes_permit(thing: Semaphore, begun: Semaphore, took: Semaphore) -> int:
    await thing.acquire()
    took.release()
    return 1
''',
    "Queue[int]()": '''
@gpu_async
async def takes_item(thing: Queue[int], begun: Semaphore, took: Semaphore) -> int:
    item = await thing.get()
    took.release()
    return item
''',
    "Condition()": '''
@gpu_async
async def takes_notice(thing: Condition, begun: Semaphore, took: Semaphore) -> int:
    async with thing:
        begun.release()
        await thing.wait()
        took.release()
    return 1
''',
}  # fmt: skip


# --- cancelled, or over time


def cancel_task(body: Body) -> None:
    """A task that never ends is cancelled, after and while other things are done."""
    share = body.choose.randrange(2, 4)
    found = body.hanging_here(share)
    if not found:
        return kept(body)
    callee = found[body.choose.randrange(len(found))]
    if not body.afford(callee.cost):
        return keep_time(body)
    body.forks = True
    with apart(body, share, calm=True) as outer:
        begun, task = new_begun(body), body.name("t")
        given = parts_for(body, callee, outer, share, 0)
        body.line(f"{task} = create_task({body.hanging_call(callee, begun, arrays=given)})")
        if body.chance(50):
            body.block(2)
        have_begun(body, begun, callee.hangs)
        if body.chance(30):
            body.block(1)
        ended(body, task, callee.result)


def new_begun(body: Body) -> str:
    name = body.name("begun")
    body.line(f"{name} = Semaphore(0)")
    return name


def have_begun(body: Body, begun: str, times: int) -> None:
    if times > 1:
        body.line(f"for _ in range({times}):")
    body.line(f"{'    ' * (times > 1)}await {begun}.acquire()")


def ended(body: Body, task: str, type: Type) -> None:
    """The task is made to end; how it did, and what it says of itself then."""
    told, value = body.name(), body.name()
    match body.choose.randrange(5):
        case 0:
            awaited = (f"{value} = await wait_for({task}, {body.pick(SHORT)})",)
        case 1:
            awaited = (f"async with timeout({body.pick(SHORT[:2])}):", f"    {value} = await {task}")
        case _:
            body.line(f"{told} = int({task}.cancel())")
            if body.chance(40):
                body.block(1)
            awaited = (f"{value} = await {task}",)
    attempt(body, awaited, value, type)
    body.line(f"{told} = int({task}.cancelled()) + 2 * int({task}.done()) + 4 * int({task}.cancel())")
    seen(body, told)
    if body.chance(30):
        again = body.name()
        attempt(body, (f"{again} = {body.pick([f'{task}.result()', f'await {task}'])}",), again, type)


def seen(body: Body, name: str) -> None:
    """An int that the program shows in its log, if it has one here."""
    body.bind(name, i64)
    if "log" in body.scope.stands:
        body.line(f"write_down({body.scope.stands['log']}, {name} % 1000)")


def attempt(body: Body, awaited: tuple[str, ...], value: str, type: Type) -> None:
    """A name gets a value, or another for each way not to get one."""
    body.line("try:")
    for line in awaited:
        body.line(f"    {line}")
    for kinds in ("asyncio.CancelledError", "(TimeoutError, ExceptionGroup)", "ValueError"):
        body.line(f"except {kinds}:")
        if body.chance(20):
            body.nested(1, body.scope.copy())
        body.line(f"    {value} = {body.constant(type)}")
    body.bind(value, type)


def run_out(body: Body) -> None:
    """What waits for ever is awaited for a short time."""
    found = [callee for callee in body.hanging_here() if callee.prompt]
    if not found:
        return keep_time(body)
    callee = found[body.choose.randrange(len(found))]
    if not body.afford(callee.cost):
        return keep_time(body)
    body.forks = True
    features, body.features = body.features, body.features.without_errors()
    begun, value = new_begun(body), body.name()
    with body.inside_limit():  # so nothing suspends before it waits
        call = body.hanging_call(callee, begun)
    awaited = (f"{value} = await wait_for({call}, {body.pick(SHORT[:2])})",)
    if body.chance(60):
        awaited = (f"async with timeout({body.pick(SHORT)}):", f"    {value} = await {call}")
        if body.chance(30):
            awaited = ("async with timeout(1000.0):", *(f"    {line}" for line in awaited))
    attempt(body, awaited, value, callee.result)
    body.features = features


def keep_time(body: Body) -> None:
    """A limit that never passes."""
    callee = body.coroutine_here()
    if callee is not None and body.chance(40) and body.afford(callee.cost):
        body.forks = True  # under CPython 3.11 it is a task of its own
        with body.inside_limit():
            call = body.invocation(callee, body.depth())
        return body.bind_result(f"await wait_for({call}, 1000.0)", callee.result)
    outer = body.scope
    body.line(f"async with timeout({body.pick(['1000.0', '2000', '1e4'])}):")
    body.indent += 1
    body.scope = outer.copy()
    body.block(3)
    body.indent -= 1
    body.scope = outer


# --- a group one of whose members fails


def group_fails(body: Body) -> None:
    """What never ends is cancelled when another of its group fails, or the body does."""
    share = body.choose.randrange(2, 4)
    found = body.hanging_here(share)
    if not found:
        return kept(body)
    chosen = [found[body.choose.randrange(len(found))] for _ in range(share - 1)]
    if not body.afford(sum(callee.cost for callee in chosen)):
        return cancel_task(body)
    body.forks = True
    with apart(body, share, calm=True) as outer:
        begun, group, before = new_begun(body), body.name("g"), body.scope.copy()
        body.line("try:")
        body.indent += 1
        body.line(f"async with TaskGroup() as {group}:")
        body.indent += 1
        for part, callee in enumerate(chosen):
            given = parts_for(body, callee, outer, share, part)
            body.line(f"{group}.create_task({body.hanging_call(callee, begun, arrays=given)})")
        if body.chance(50):
            body.block(2)
        have_begun(body, begun, sum(callee.hangs for callee in chosen))
        fail(body, group)
        body.indent -= 2
        body.scope = before
        body.line("except ExceptionGroup:")
        if "log" in body.scope.stands:
            body.line(f"    write_down({body.scope.stands['log']}, 11)")
        body.nested(2, before.copy())


def fail(body: Body, group: str) -> None:
    if body.chance(30):
        body.line(f"raise {body.pick(['Trouble(4)', 'Grief', 'ValueError(1)'])}")
        return
    troubled(body)
    body.line(f"{group}.create_task(troubled({body.pick(['0', '6', '-3', '1'])}, {body.choose.randrange(3)}))")
    if body.chance(30):
        body.line("await sleep(1000.0)")


# --- tasks that fail


def troubled(body: Body) -> None:
    before = body.pick(["await reschedule()", "await sleep(0.0001)"])
    body.helpers.setdefault("troubled", TROUBLED.format(before=before))


def kept(body: Body) -> None:
    """A task that may fail: whoever awaits it, or asks for its result, gets its error, each time."""
    body.forks = True
    troubled(body)
    task = body.name("t")
    features, body.features = body.features, body.features.without_errors()
    body.line(f"{task} = create_task(troubled({body.leaf(i64)}, {body.choose.randrange(3)}))")
    if body.chance(50):
        outer = body.scope
        body.scope, loops, leaving = outer.copy(), body.loops, body.leaving
        body.loops, body.leaving = 0, False
        body.block(2)
        body.scope, body.loops, body.leaving = outer, loops, leaving
    for awaited in [f"await {task}", f"{task}.result()", f"await {task}"][: body.choose.randrange(1, 4)]:
        value = body.name()
        body.line("try:")
        body.line(f"    {value} = {awaited}")
        kinds = body.pick(["Trouble, ZeroDivisionError", "ValueError, ArithmeticError", "ArithmeticError, Trouble"])
        body.line(f"except ({kinds}):")
        if body.chance(20):
            body.nested(1, body.scope.copy())
        body.line(f"    {value} = {body.constant(i64)}")
        seen(body, value)
    body.features = features


# --- some get what they wait for, the others are cancelled


def give_some(body: Body) -> None:
    """Several wait, a few are given something: exactly so many have got it when the others are cancelled."""
    body.forks = True
    made = body.pick(list(TAKERS))
    taker = TAKERS[made].partition("async def ")[2].partition("(")[0]
    body.helpers[taker] = TAKERS[made]
    thing, begun, took, tasks, one, left = (body.name(prefix) for prefix in ("o", "begun", "took", "ts", "t", "v"))
    several = body.choose.randrange(2, 7)
    few = body.choose.randrange(1, several) if body.chance(80) else body.choose.randrange(several + 1)
    for line in (
        f"{thing} = {made}", f"{begun} = Semaphore(0)", f"{took} = Semaphore(0)",
        f"{tasks} = [create_task({taker}({thing}, {begun}, {took})) for _ in range({several})]",
        *give(thing, made, begun, several, few),
        f"for _ in range({few}):", f"    await {took}.acquire()",
        *["await reschedule()"] * body.choose.randrange(3),
        f"for {one} in {tasks}:", f"    {one}.cancel()",
        f"{left} = 0",
        f"for {one} in {tasks}:",
        "    try:", f"        {left} += 10 * await {one}",
        "    except asyncio.CancelledError:", f"        {left} += int({one}.cancelled())",
    ):  # fmt: skip
        body.line(line)
    seen(body, left)


def give(thing: str, made: str, begun: str, several: int, few: int) -> tuple[str, ...]:
    if made.startswith("Condition"):
        waiting = (f"for _ in range({several}):", f"    await {begun}.acquire()")
        return (*waiting, f"async with {thing}:", f"    {thing}.notify({few})")
    each = f"{thing}.release()" if made.startswith("Semaphore") else f"await {thing}.put(3)"
    return (f"for _ in range({few}):", f"    {each}")


CANCEL: tuple[Statement, ...] = (
    Statement(24, cancel_task, "cancel"),
    Statement(14, run_out, "cancel"),
    Statement(6, keep_time, "cancel"),
    Statement(24, group_fails, "cancel"),
    Statement(3, kept, "cancel"),
    Statement(10, give_some, "cancel"),
)
