"""Random coroutines that never end by themselves: they say that they have begun, and wait for what never comes.

    async def h1(begun: Semaphore, log: i64[:], p0: i32) -> int:
        ...                                 calm statements
        try:
            begun.release()                 from here on whoever cancels it knows what it does
            await Event().wait()            or it waits for an item, a lock, a barrier, another such coroutine, ...
        finally:
            ...                             calm statements, which may await
        return v7                           for those that handle CancelledError and go on

Who begins one waits for `begun`, cancels it (`fuzz_cancel`), and waits for its end. So what it did before and what it
does then is certain, and nothing else runs on its arrays. Those that do not suspend before they wait are `prompt`: a
time limit, too, finds them where they wait for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fuzz_functions import Made, text
from fuzz_scope import Callee, Parameter
from fuzz_statements import Body


class Wait(NamedTuple):
    """An object that is made, how it is waited for in vain, and what can be done with it when that is cancelled."""

    made: str
    waits: tuple[str, ...]
    then: tuple[str, ...] = ()


WAITS = (
    Wait("event = Event()", ("await event.wait()",), ("event.set()", "await event.wait()")),
    Wait("event = Event()", ("await wait_for(event.wait(), 1000.0)",)),
    Wait("queue = Queue[i32](2)", ("await queue.get()",), ("await queue.put(7)", "write_down(log, await queue.get())")),
    Wait("queue = Queue[int](1)", ("queue.put_nowait(3)", "await queue.put(4)"),
         ("write_down(log, await queue.get())", "write_down(log, int(queue.empty()))")),
    Wait("queue = Queue[int]()", ("queue.put_nowait(3)", "await queue.join()"),
         ("queue.task_done()", "await queue.join()")),
    Wait("lock = Lock()", ("await lock.acquire()", "await lock.acquire()"), ("lock.release()", "await lock.acquire()")),
    Wait("lock = Lock()", ("async with lock:", "    async with lock:", "        await reschedule()"),
         ("async with lock:", "    await reschedule()")),
    Wait("permits = Semaphore(0)", ("await permits.acquire()",), ("permits.release()", "await permits.acquire()")),
    Wait("permits = BoundedSemaphore(1)", ("async with permits:", "    await permits.acquire()"),
         ("async with permits:", "    await reschedule()")),
    Wait("barrier = Barrier(2)", ("await barrier.wait()",),
         ("other = create_task(comes(barrier))", "write_down(log, await barrier.wait() + await other)")),
    Wait("condition = Condition()", ("async with condition:", "    await condition.wait()"),
         ("async with condition:", "    condition.notify_all()")),
    Wait("condition = Condition()", ("async with condition:", "    while True:", "        await condition.wait()"),
         ("write_down(log, int(condition.locked()))",)),
    Wait("", ("await sleep(1000.0)",)),
    Wait("", ("while True:", "    await sleep(0.0001)")),
    Wait("", ("while True:", "    await reschedule()", "    await sleep(0.0001)")),
    Wait("", ("async with timeout(1000.0):", "    await sleep(2000.0)")),
)  # fmt: skip

COMES = '''
@gpu_async
async def comes(barrier: Barrier) -> int:
    return await barrier.wait()
'''

NEVER = '''
@gpu_async
async def never(begun: Semaphore) -> int:
    begun.release()
    await sleep(3000.0)
    return 1
'''


def hanging(body: Body, name: str, arrays: Sequence[str]) -> Made:
    """A coroutine that waits for ever, and what it does when it is cancelled."""
    parameters = (Parameter("p0", body.scalar()), Parameter("p1", body.scalar()))
    body.awaits, body.leaving, body.features = True, False, body.features.without_errors()
    body.result = body.scalar()
    body.scope.names = {parameter.name: parameter.type for parameter in parameters}
    for array in arrays:
        body.scope.take(array)
    prompt = body.chance(50)
    before = body.scope.copy()
    body.awaits = not prompt
    if body.chance(50):
        body.block(2)
        before = body.scope.copy()
    waits = WAITS[body.choose.randrange(len(WAITS))] if body.chance(60) else None
    if waits is not None and waits.made:
        body.line(waits.made)
    body.line("try:")
    body.indent += 1
    if body.chance(30):
        body.block(2)
    hangs, prompt = wait(body, prompt, waits)
    body.indent -= 1
    body.scope, body.awaits = before, True
    ENDS[body.choose.randrange(len(ENDS))](body, () if waits is None else waits.then)
    if body.chance(30):
        body.block(2)
    body.return_value()
    callee = Callee(name, tuple(arrays), parameters, body.result, body.need, body.cost, True, forks=True, hangs=hangs,
                    prompt=prompt)  # fmt: skip
    return Made(text(callee, body.lines, annotated=True), callee)


# --- what it waits for


def wait(body: Body, prompt: bool, waits: Wait | None) -> tuple[int, bool]:
    """For an object, or another that hangs; how often `begun` is released, and whether nothing suspends before."""
    known = [callee for callee in body.hanging_here() if callee.prompt or not prompt]
    if waits is None and known:
        callee = known[body.choose.randrange(len(known))]
        if body.afford(callee.cost):
            return of_another(body, callee, prompt), prompt
    if waits is None and not prompt:
        body.helpers["never"] = NEVER
        body.line("await gather(never(begun), never(begun))")
        return 2, False
    for line in ("begun.release()", *(waits or WAITS[-1]).waits):
        body.line(line)
    if waits is not None and "comes" in " ".join(waits.then):
        body.helpers["comes"] = COMES
    return 1, prompt


def of_another(body: Body, callee: Callee, prompt: bool) -> int:
    """Called, as a task of its own, or two of them in a group."""
    kind = 0 if prompt else body.choose.randrange(5)
    if kind == 4 and callee.need * 2 <= body.limit and body.afford(callee.cost):
        body.line("async with TaskGroup() as g:")
        for part in (0, 1):
            body.line(f"    g.create_task({body.hanging_call(callee, 'begun', 2, part)})")
        return callee.hangs * 2
    with body.inside_limit():
        call = body.hanging_call(callee, "begun")
    match kind:
        case 0 | 4:
            body.line(f"await {call}")
        case 1:
            body.line(f"await wait_for({call}, 1000.0)")
        case 2:
            body.line("async with timeout(1000.0):")
            body.line(f"    await {call}")
        case 3:
            body.line(f"t = create_task({call})")
            body.line("await t")
    return callee.hangs


# --- what it does when it is cancelled


def cleans_up(body: Body, then: tuple[str, ...]) -> None:
    body.line("finally:")
    cleanup(body, 3, then)


def cleanup(body: Body, most: int, then: tuple[str, ...] = ()) -> None:
    """Notes of what runs when, a suspension between them, and what was waited for is used."""
    if body.chance(70):
        body.line(f"    write_down(log, {body.choose.randrange(100)})")
    if body.chance(60):
        body.line(f"    await {body.pick(['reschedule()', 'sleep(0.0001)'])}")
        body.line(f"    write_down(log, {body.choose.randrange(100)})")
    for line in then if body.chance(70) else ():
        body.line(f"    {line}")
    body.nested(most, body.scope.copy())


def passes_on(body: Body, then: tuple[str, ...]) -> None:
    handler(body, 2, then)
    body.line("    raise")
    if body.chance(50):
        cleans_up(body, ())


def goes_on(body: Body, then: tuple[str, ...]) -> None:
    handler(body, 2, then)
    if body.chance(40):
        cleans_up(body, ())


def fails_instead(body: Body, then: tuple[str, ...]) -> None:
    handler(body, 1, then)
    body.line(f"    raise {body.pick(['Trouble(5)', 'ValueError', 'Trouble(p1)'])}{body.pick(['', ' from None'])}")
    if body.chance(30):
        cleans_up(body, ())


def is_no_exception(body: Body, then: tuple[str, ...]) -> None:
    """`except Exception` lets CancelledError pass."""
    body.line("except Exception:")
    body.nested(1, body.scope.copy())
    cleans_up(body, then)


def returns_in_handler(body: Body, then: tuple[str, ...]) -> None:
    handler(body, 1, then)
    body.indent += 1
    body.return_value()
    body.indent -= 1
    body.ended = False


def handler(body: Body, most: int, then: tuple[str, ...]) -> None:
    body.line("except asyncio.CancelledError:")
    cleanup(body, most, then)


ENDS: tuple[Callable[[Body, tuple[str, ...]], None], ...] = (
    cleans_up, cleans_up, passes_on, goes_on, fails_instead, is_no_exception, returns_in_handler
)  # fmt: skip
