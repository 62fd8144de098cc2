"""Random programs: modules of coroutines and helpers, as source text that a person can run.

    program(random.Random(7))  ──▶  Program(text, arguments): helpers, coroutines, `main`, and `wide`

`main` is one task. `wide(t, ...)` is what `map` runs many of: task t calls `main` with its own stretch of every array
and with arguments that differ by t, so that tasks of one group take different paths.

The same choices make the same program: of a seeded `random.Random`, or of hypothesis, which shrinks what fails.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy
from fuzz_functions import ALL, Made, function
from fuzz_hang import hanging
from fuzz_scope import (
    ARRAY_LENGTH,
    ARRAYS,
    COLUMNS,
    EVERYBODYS,
    PLAIN,
    WRITTEN,
    Callee,
    Features,
    array_parameter,
    element_of,
)
from fuzz_statements import Body

from coro2cuda.frontend import dtypes
from coro2cuda.frontend.dtypes import Scalar, boolean, none

ROOTS = (1, 3, 40)  # tasks of `wide`: one, few, more than a warp

PRELUDE = '''"""A random program; what fails here is what asyncio and the compiled backends disagree about."""

import asyncio
import math

from coro2cuda import Barrier, BoundedSemaphore, Condition, Event, Lock, Queue, Semaphore, TaskGroup
from coro2cuda import atomic_add, f32, f64, gpu_async, i8, i16, i32, i64, u8, u16, u32, u64
from coro2cuda import create_task, gather, reschedule, sleep, timeout, wait_for


class Trouble(ValueError):
    pass


class Grief(LookupError):
    pass


def clamp_f64(x: f64) -> f64:
    return x if 0.0 <= x <= 100.0 else 1.0


def clamp_f32(x: f32) -> f32:
    return x if 0.0 <= x <= 100.0 else f32(1.0)


def write_down(log: i64[:], x: int) -> None:
    count = len(log) - 1
    at = log[0] % 1000
    log[0] = at + 1
    log[1 + at % count] = (log[1 + at % count] * 31 + x) % 1000003
'''

NOTE = '''
@gpu_async
async def note_{name}(log: i64[:], x: {name}) -> {name}:
    """x, and a note of when it was evaluated."""
    {before}
    write_down(log, {shown})
    {after}
    return x
'''


@dataclass(frozen=True, slots=True)
class Program:
    """A module's text, and arguments to try: arrays by name, then lists of scalars.

    Attributes:
        roots: tasks of `wide`.
        forks: tasks of one `main` run at the same time, so where several fail, any of them may be reported.
        exact: plain CPython computes the same.
        seed: of the arrays' values, and of schedules.
    """

    text: str
    arrays: tuple[str, ...]
    arguments: tuple[tuple[Any, ...], ...]
    roots: int
    forks: bool
    exact: bool
    seed: int

    def fresh_arrays(self) -> list[Any]:
        """The arrays of `main`, for `roots` tasks in a row."""
        rng = numpy.random.default_rng(self.seed)
        return [fill(name, rng, self.roots * ARRAY_LENGTH) for name in self.arrays]

    def wide_arguments(self, case: int) -> tuple[Any, ...]:
        """Of `wide.map`: the tasks, the arrays, the scalars."""
        return (range(self.roots), *self.fresh_arrays(), *self.arguments[case])

    def main_arguments(self, case: int) -> tuple[Any, ...]:
        return (*(array[:ARRAY_LENGTH] for array in self.fresh_arrays()), *self.arguments[case])


def fill(name: str, rng: Any, length: int) -> Any:
    type = element_of(name)
    if name in WRITTEN:
        return numpy.zeros(length, numpy.int64)
    low = 0 if type.kind in ("uint", "bool") else -8
    shape = (length, COLUMNS) if ":, :" in ARRAYS[name] else (length,)
    values = rng.integers(low, 2 if type == boolean else 9, shape)
    return (values / 4 if type.is_float else values).astype(type.numpy())


def program(choose: random.Random, features: Features | None = None) -> Program:
    """A random program. Its size is bounded, and so is what it runs."""
    features = features or some_features(choose)
    used = some_arrays(choose, features)
    texts, callees, helpers = [], list[Callee](), dict[str, str]()
    is_large = choose.randrange(8) == 7 and not features.cancel
    for number in range(choose.randrange(4 if is_large else 3) + 2 * features.tasks - features.cancel):
        written = [part(choose, features, callees, used, f"f{number}")]
        callees.append(written[0][1].callee)
        if features.cancel and number < 2:
            written.append(hanging_part(choose, features, callees, used, f"h{number}"))
            callees.append(written[1][1].callee)
        for body, made in written:
            texts += [*new(helpers, body), made.text]
    budget = 400 if is_large else 200 if features.cancel else 250 if features.tasks else 150
    main = Body(choose, features, callees, budget=budget, statements=ALL)
    made = function(main, "main", used, kind="main", size=8 if is_large else 4)
    texts += [*new(helpers, main), made.text]
    noted = [scalar for scalar in dtypes.SCALARS if f"note_{scalar.name}(" in "".join(texts)]
    notes = [note(choose, scalar) for scalar in noted]
    return Program(
        text="\n".join([PRELUDE, *notes, *(f"\n{text}" for text in texts), wide(made.callee)]),
        arrays=tuple(used),
        arguments=arguments(choose, made.callee, edges=features.widths),
        roots=ROOTS[choose.randrange(len(ROOTS))],
        forks=made.callee.forks,
        exact=not features.widths,
        seed=choose.randrange(1 << 16),
    )


def new(helpers: dict[str, str], body: Body) -> list[str]:
    """The coroutines that a function needs and none before it did."""
    found = {name: text for name, text in body.helpers.items() if name not in helpers}
    helpers |= found
    return [text.removeprefix("\n") for text in found.values()]


def some_arrays(choose: random.Random, features: Features) -> list[str]:
    if not features.widths:  # NumPy's numbers follow rules of their own in plain CPython
        return [*PLAIN, *(["shared"] if features.sync else [])]
    usual = [*PLAIN, "shared"] if features.sync else PLAIN
    others = [name for name in ARRAYS if name not in WRITTEN and choose.randrange(3) == 0]
    return [name for name in ARRAYS if name in usual or name in others]


def some_features(choose: random.Random) -> Features:
    """One program in four has only what plain CPython computes alike; half have nothing that fails on purpose."""
    errors, gather = choose.randrange(2) > 0, choose.randrange(3) > 0
    tasks = gather and choose.randrange(2) > 0  # they are the slow ones to compile
    return Features(
        widths=choose.randrange(4) > 0, gather=gather, errors=errors, exceptions=errors and choose.randrange(2) > 0,
        tasks=tasks, sync=tasks and choose.randrange(3) > 0, cancel=tasks and choose.randrange(3) > 1,
    )  # fmt: skip


def part(
    choose: random.Random, features: Features, callees: list[Callee], used: list[str], name: str
) -> tuple[Body, Made]:
    """A helper, a coroutine, or a recursive coroutine. Where there are tasks they are small, so that many can be begun,
    and some have only what all tasks share."""
    kind = choose.randrange(5)
    budget = (20, 20, 40, 10, 10) if features.tasks else (20, 60, 120, 30, 20)
    body = Body(choose, features, callees, budget[kind], statements=ALL)
    alone = features.tasks and choose.randrange(5) == 4
    taken = [array for array in used if (array in EVERYBODYS if alone else array == "log" or choose.randrange(2))]
    made = function(body, name, taken if kind else [], is_coroutine=kind > 0, kind="recursive" if kind > 2 else "",
                    size=3)  # fmt: skip
    return body, made


def hanging_part(
    choose: random.Random, features: Features, callees: list[Callee], used: list[str], name: str
) -> tuple[Body, Made]:
    """A coroutine that waits for ever, with some of the arrays."""
    body = Body(choose, features, callees, 15, statements=ALL)
    return body, hanging(body, name, [array for array in used if array == "log" or choose.randrange(2)])


def note(choose: random.Random, scalar: Scalar) -> str:
    """An awaited operand may suspend before its note, after it, or not at all."""
    before, after = (choose.choice(["await reschedule()", "pass"]) for _ in range(2))
    shown = "int(x > 0.0)" if scalar.is_float else "int(x) % 1000"
    return NOTE.format(name=scalar.name, before=before, after=after, shown=shown)


def wide(main: Callee) -> str:
    """`map` runs this: each task has its own stretch of every array but `total`, and arguments of its own."""
    declared = [array_parameter(name) for name in main.arrays]
    declared += [f"{p.name}: {p.type.name}" for p in main.parameters]
    stretch = f"t * {ARRAY_LENGTH}:(t + 1) * {ARRAY_LENGTH}"
    given = [name if name == "total" else f"{name}[{stretch}]" for name in main.arrays]
    for p in main.parameters:
        given.append(f"(t % 2 == 0) != {p.name}" if p.type == boolean else f"{p.type.name}(t) + {p.name}")
    call = f"await main({', '.join(given)})"
    body = call if main.result == none else f"return {call}"
    return f"\n@gpu_async\nasync def wide({', '.join(['t: int', *declared])}):\n    {body}\n"


def arguments(choose: random.Random, main: Callee, edges: bool) -> tuple[tuple[Any, ...], ...]:
    """Two lists of scalars for `main`: one plain, one at the edges of the types if that is wanted."""
    return tuple(tuple(argument(choose, p.type, edge) for p in main.parameters) for edge in (False, edges))


def argument(choose: random.Random, type: Any, edge: bool) -> Any:
    if type == boolean:
        return choose.randrange(2) == 1
    if type.is_float:
        return (0.0, 1.0, -2.5, 0.75, 100.0)[choose.randrange(5)]
    small = (0, 1, 2, 3, 7)
    if not edge:
        return small[choose.randrange(5)]
    return (type.high, type.low, 1, 0, type.high // 2)[choose.randrange(5)]
