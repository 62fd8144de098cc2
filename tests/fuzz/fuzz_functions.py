"""Random functions: parameters, a body of random statements, a result; recursive coroutines carry fuel.

    function(body, "f1", arrays)  ──▶  Made(text, callee): what is written, and what those must know who call it
"""

from __future__ import annotations

from typing import NamedTuple

from fuzz_cancel import CANCEL
from fuzz_meet import MEET
from fuzz_scope import ARRAY_LENGTH, Callee, Parameter, spelled
from fuzz_statements import STATEMENTS, Body
from fuzz_sync import GUARDS, SYNC
from fuzz_tasks import TASKS, use_gathered

from coro2cuda.frontend.dtypes import i64, none

FUEL = 3  # of a recursion, at most
ALL = (*STATEMENTS, *TASKS, *SYNC, *MEET, *CANCEL)


class Made(NamedTuple):
    """A function's text, and what its callers must know."""

    text: str
    callee: Callee


def function(
    body: Body, name: str, arrays: list[str], *, is_coroutine: bool = True, kind: str = "", size: int = 5
) -> Made:
    """A function with random parameters and a random result. A `recursive` one calls itself once or twice at a place;
    `main` takes scalars."""
    choose, recursive = body.choose, kind == "recursive"
    choose_type = body.scalar if kind == "main" else body.value_type
    parameters = [Parameter(f"p{i}", choose_type()) for i in range(choose.randrange(1, 4))]
    body.awaits = is_coroutine
    body.result = none if is_coroutine and body.chance(10) else body.value_type()
    if recursive:
        parameters.insert(0, Parameter("fuel", i64, fuel=True))
    body.scope.names = {parameter.name: parameter.type for parameter in parameters}
    body.scope.fixed = {"fuel"} if recursive else set()
    for array in arrays:
        body.scope.take(array)
    if kind == "main" and "shared" in arrays:
        body.line(f"guard = {body.pick(GUARDS)}")
    if recursive:
        body.limit = ARRAY_LENGTH // 2**FUEL
    own = Callee(name, tuple(arrays), tuple(parameters), body.result, 0, 0, is_coroutine)
    halves = write(body, own, size) if recursive else plain(body, size)
    # A recursion with two calls a level runs at most 1 + 2 + 4 + 8 bodies, and may halve its arrays at each.
    cost = body.cost * (2 ** (FUEL + 1) if recursive else 1)
    need = body.need * 2**FUEL if halves else body.need
    callee = Callee(
        name, tuple(arrays), tuple(parameters), body.result, need, cost, is_coroutine, body.raises, body.forks
    )
    return Made(text(callee, body.lines, annotated=recursive or body.chance(60)), callee)


def text(callee: Callee, lines: list[str], annotated: bool) -> str:
    head = f"def {callee.name}({', '.join(callee.declared())}){f' -> {spelled(callee.result)}' if annotated else ''}:"
    return "\n".join([f"@gpu_async\nasync {head}" if callee.is_coroutine else head, *lines, ""])


def plain(body: Body, size: int) -> bool:
    while not body.lines or (body.cost < body.budget // 4 and body.chance(50)):
        body.block(size)
        if body.ended:
            return False
    body.return_value()
    return False


def write(body: Body, own: Callee, size: int) -> bool:
    """The body of a recursive coroutine; whether its calls of itself halve its arrays."""
    body.line("if fuel <= 0:")
    body.indent += 1
    body.return_value()
    body.indent -= 1
    body.block(size)
    if body.ended:  # all paths have left
        return False
    gathers = body.features.gather and body.chance(60)
    begins = gathers and body.features.tasks and not body.features.exceptions and body.chance(30)
    arguments = [f"{p.name}" if p.fuel else body.expression(p.type, 1) for p in own.parameters]
    arguments[0] = "fuel - 1"
    if begins:
        with_task(body, own, arguments)
    elif gathers:
        body.forks = True
        calls = [own_call(body, own, arguments, 2, part) for part in (0, 1)]
        use_gathered(body, f"await gather({', '.join(calls)})", [own.result] * 2)
    else:
        for _ in range(body.choose.randrange(1, 3)):
            body.bind_result(f"await {own_call(body, own, arguments, 1, 0)}", own.result)
    body.block(2)
    if not body.ended:
        body.return_value()
    return gathers


def own_call(body: Body, own: Callee, arguments: list[str], share: int, part: int) -> str:
    arrays = [body.part_of(array, share, part) for array in own.arrays]
    return f"{own.name}({', '.join([*own.given(arrays), *arguments])})"


def with_task(body: Body, own: Callee, arguments: list[str]) -> None:
    """One half as a task, the other called. The task may write what the arguments read: they are evaluated before."""
    body.forks = True
    names = [body.name() for _ in arguments]
    for name, argument in zip(names, arguments, strict=True):
        body.line(f"{name} = {argument}")
    task = body.name("t")
    body.line(f"{task} = create_task({own_call(body, own, names, 2, 0)})")
    body.bind_result(f"await {own_call(body, own, names, 2, 1)}", own.result)
    body.bind_result(f"await {task}", own.result)
