"""Random statements of tasks that meet at barriers, take turns by a condition, and sleep.

    b1 = Barrier(2)                                    each task writes its part of the arrays; when all have met they
    gather(*[meets_f0_2(b1, log, j) for j in range(2)])    read all parts; when they have met again, they write

    while state[0] != me: await condition.wait()       tasks that have the same arrays: one after the other, in
    ...                                                whatever order they were begun and are woken
    state[0] = me + 1; condition.notify_all()

A predicate decides who goes on, and of a barrier only the sum of all turns is known: so there is one result.
"""

from __future__ import annotations

from fuzz_scope import EVERYBODYS, SHORTEST, Callee, Handle, Parameter
from fuzz_statements import Body, Statement
from fuzz_sync import values
from fuzz_tasks import apart, await_all, parts_for

from coro2cuda.frontend.dtypes import i64, none

MEETS = '''
@gpu_async
async def {name}({declared}) -> int:
    seen = turns = 0
    for _ in range(rounds):
        {before}
        await {call}
        {meet}
        for other in range({share}):
            seen = (seen * 31 + int(log[other * (len(log) // {share})])) % 1000003
        {meet}
    return seen + turns
'''

TURN = '''
@gpu_async
async def {name}({declared}):
    async with condition:
        while state[0] != me:
            await condition.wait()
    {call}
    async with condition:
        state[0] = me + 1
        condition.notify_all()
    {result}
'''

NOTED = '''
@gpu_async
async def noted(log: i64[:], x: int) -> int:
    """What tasks do where there is nothing else that they could call."""
    write_down(log, x % 1000)
    await reschedule()
    write_down(log, x % 999)
    return x % 100
'''
PLAIN = Callee("noted", ("log",), (Parameter("x", i64),), i64, SHORTEST, 5, True)

TOKEN = '''
@gpu_async
async def take_token(condition: Condition, state: i64[:]) -> int:
    async with condition:
        while state[0] == 0:
            await condition.wait()
        state[0] -= 1
    return 1
'''


def doze(body: Body) -> None:
    if body.times > 20 or not body.afford(3):
        return body.suspend()
    body.line(f"await sleep({body.pick(['0.0001', '0.0003', '0.0', f'0.0001 * ({body.leaf(i64)} % 3)'])})")


def meet(body: Body) -> None:
    """Children that read what the others wrote, between two barriers."""
    share, rounds = (2, 4)[body.choose.randrange(2)], body.choose.randrange(1, 4)
    if body.limit // share < SHORTEST or "log" not in body.scope.stands:
        return doze(body)
    found = [
        callee
        for callee in body.callable_here(None, share)
        if callee.is_coroutine and "log" in callee.arrays and not callee.raises
    ]
    callee = found[body.choose.randrange(len(found))] if found else PLAIN
    if not body.afford(callee.cost * share * rounds):
        callee = PLAIN
    if callee is PLAIN:
        body.helpers["noted"] = NOTED
    body.forks = True
    body.need = max(body.need, callee.need * share)
    barrier, one, seen = body.name("b"), body.name("j"), body.name()
    with body.pure():
        given = values(body, callee)
    arrays = callee.given([body.part_of(array, 1, 0) for array in callee.arrays])
    call = f"{meets(body, callee, share)}({', '.join([barrier, one, str(rounds), *arrays, *given])})"
    body.line(f"{barrier} = Barrier({share})")
    body.line(f"{seen} = sum(await gather(*[{call} for {one} in range({share})])) % 10007")
    body.bind(seen, i64)


def meets(body: Body, callee: Callee, share: int) -> str:
    """A coroutine that calls another with its part of the arrays, and meets others that do so; its name."""
    name = f"meets_{callee.name}_{share}"
    steps = {array: f"len({array}) // {share}" for array in callee.arrays}
    parts = [
        array if array in EVERYBODYS else f"{array}[me * ({step}):(me + 1) * ({step})]" for array, step in steps.items()
    ]
    given = ", ".join([*callee.given(parts), *(parameter.name for parameter in callee.parameters)])
    before, wait = (body.pick(found) for found in (BEFORE, ("await barrier.wait()", "turns += await barrier.wait()")))
    if name not in body.helpers:
        body.helpers[name] = MEETS.format(
            name=name, declared=", ".join(["barrier: Barrier", "me: int", "rounds: int", *callee.declared()]),
            before=before, call=f"{callee.name}({given})", meet=wait, share=share,
        )  # fmt: skip
    return name


BEFORE = ("pass", "await reschedule()", "await sleep(0.0001 * me)")


def take_turns(body: Body) -> None:
    """Tasks that have the same arrays, each when the condition's predicate says that it is its turn."""
    share, count = 3, body.choose.randrange(2, 4)
    if body.limit // share < SHORTEST or "log" not in body.scope.stands:
        return doze(body)
    with apart(body, share, calm=True) as outer:
        found = [callee for callee in body.callable_here(None) if callee.is_coroutine]
        chosen = [found[body.choose.randrange(len(found))] for _ in range(count) if found]
        chosen = [callee if body.afford(callee.cost) else PLAIN for callee in chosen] or [PLAIN] * count
        body.forks = True
        condition, state = body.name("c"), body.name("state")
        body.line(f"{condition} = Condition()")
        body.line(f"{state} = {body.part_of('log', share, 1, outer)}")
        body.line(f"{state}[0] = 0")
        if body.chance(25):
            return tokens(body, condition, state)
        if PLAIN in chosen:
            body.helpers["noted"] = NOTED
        begun = []
        for position in sorted(range(len(chosen)), key=lambda _: body.choose.randrange(100)):
            name, callee = body.name("t"), chosen[position]
            arrays = callee.given(parts_for(body, callee, outer, share, 0))
            given = ", ".join([condition, state, str(position), *arrays, *values(body, callee)])
            body.line(f"{name} = create_task({turn(body, callee)}({given}))")
            begun.append((name, callee.result))
        for name, result in begun:
            body.scope.handles[name] = Handle(result, waits=True)
        body.block(2)
        await_all(body, [name for name, _ in begun])


def turn(body: Body, callee: Callee) -> str:
    body.forks |= callee.forks
    name, result = f"turn_{callee.name}", "" if callee.result == none else "result = "
    given = ", ".join([*callee.given(callee.arrays), *(parameter.name for parameter in callee.parameters)])
    body.helpers[name] = TURN.format(
        name=name, declared=", ".join(["condition: Condition", "state: i64[:]", "me: int", *callee.declared()]),
        call=f"{result}await {callee.name}({given})", result="return result" if result else "return",
    )  # fmt: skip
    return name


def tokens(body: Body, condition: str, state: str) -> None:
    """As many tasks as there are tokens, put one by one, each with one notice."""
    body.helpers["take_token"] = TOKEN
    tasks, count, found = body.name("ts"), body.choose.randrange(1, 6), body.name()
    body.line(f"{tasks} = [create_task(take_token({condition}, {state})) for _ in range({count})]")
    body.line(f"for _ in range({count}):")
    body.indent += 1
    if body.chance(50):
        body.suspend()
    body.line(f"async with {condition}:")
    body.line(f"    {state}[0] += 1")
    body.line(f"    {condition}.notify()")
    body.indent -= 1
    body.line(f"{found} = sum(await gather(*{tasks})) + {state}[0]")
    body.bind(found, i64)


MEET: tuple[Statement, ...] = (
    Statement(3, doze, "sync"),
    Statement(10, meet, "sync"),
    Statement(8, take_turns, "sync"),
)
