"""What exceptions cost where none is raised: nothing."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from equation import coroutine, lowered, types_of

from coro2cuda.frontend.builtins import reschedule
from coro2cuda.frontend.dtypes import i64
from coro2cuda.lowering import entry, ir, split
from coro2cuda.lowering.compile import PIPELINE
from coro2cuda.lowering.program import Argument
from coro2cuda.runtime import compiler


@coroutine
async def chain(n: i64) -> i64:
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
        await reschedule()
    return steps


@coroutine
async def chain_in_try(n: i64) -> i64:
    steps = 0
    try:
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
            await reschedule()
    except ZeroDivisionError:
        return -1
    return steps


@coroutine
async def inverse(x: i64) -> i64:
    await reschedule()
    return 100 // x


@coroutine
async def total(n: i64) -> i64:
    found = 0
    for i in range(n):
        found += await inverse(i)
    return found


@coroutine
async def total_in_try(n: i64) -> i64:
    found = 0
    for i in range(n):
        try:
            found += await inverse(i)
        except ZeroDivisionError:
            found = found
    return found


def ptx(function: Any) -> list[str]:
    """The instructions of a program, without the names of registers and labels."""
    program = compiler.compile_program(function, [Argument("n", i64, "range")], "sm_90", True)
    lines = [re.sub(r"%\w+|\$L\w+", "_", line.strip()) for line in program.code.decode().splitlines()]
    return [line for line in lines if line and not line.startswith(("//", ".", "{", "}", "_"))]


def machine_of(function: Any) -> split.StateMachine:
    module, _ = lowered(function, types_of(function, [5]))
    entry.add_root(module, ["range"], [])
    for step in PIPELINE:
        step(module)
    return split.split(module)


def ops_of(machine: split.StateMachine, name: str) -> Counter[type]:
    """What a function does on paths that are not marked as rare; to go to the next block costs nothing."""
    function = machine.functions[name]
    seen: set[int] = set()
    pending, found = [0], Counter[type]()
    while pending:
        index = pending.pop()
        if index in seen:
            continue
        seen.add(index)
        block = function.blocks[index]
        found.update(map(type, block.ops))
        found[type(block.end)] += not isinstance(block.end, ir.Goto)
        rare = isinstance(block.end, ir.Branch) and block.end.rare
        pending += block.end.targets()[1:] if rare else block.end.targets()
    return found


def hot_paths(machine: split.StateMachine, coroutine: str) -> list[Counter[type]]:
    """Of its start, resume and continuation functions."""
    wanted = re.compile(rf"{coroutine}\(.*\.(start|after\d+|\d+)")
    return [ops_of(machine, name) for name in machine.functions if wanted.fullmatch(name)]


def test_a_handler_for_what_cannot_fail_is_dead_code() -> None:
    assert ptx(chain_in_try) == ptx(chain)


def test_a_handler_adds_nothing_to_the_way_without_errors() -> None:
    plain, guarded = machine_of(total), machine_of(total_in_try)
    assert plain.layout.size == guarded.layout.size
    assert len(plain.states) == len(guarded.states)
    assert hot_paths(plain, "total") == hot_paths(guarded, "total_in_try")
    assert hot_paths(plain, "inverse") == hot_paths(guarded, "inverse")


def test_what_cannot_fail_has_no_landings() -> None:
    assert not [name for name in machine_of(chain_in_try).functions if ".unwind" in name]
    assert [name for name in machine_of(total).functions if ".unwind" in name]
