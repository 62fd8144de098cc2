"""The correctness equation on programs whose tasks are cancelled, in random schedules and virtual time; and what a
program has of it that cancels nothing.

Arguments of programs that count in arrays under load are in `cancellation_programs.loads`.
"""

from __future__ import annotations

from typing import Any

import cancellation_programs as given
import pytest
from equation import by_interpreter, by_states, comparable

from coro2cuda import TaskGroup, gpu_async, i32, reschedule, run
from coro2cuda.frontend import infer
from coro2cuda.lowering import build, compile, entry, ir, unwind


@pytest.mark.parametrize("coroutine, arguments", given.programs)
def test_cancellation_means_what_it_means_in_cpython_in_every_schedule(coroutine: Any, arguments: Any) -> None:
    function = coroutine.__gpu_async__
    expected = comparable(run(coroutine(*arguments), backend="asyncio"))
    assert comparable(by_interpreter(arguments, function)) == expected
    for seed in range(3):
        assert comparable(by_states(arguments, function, 2, seed)) == expected


@gpu_async
async def fine(n: i32) -> None:
    for _ in range(n):
        await reschedule()


@gpu_async
async def may_fail(n: i32) -> None:
    await reschedule()
    if n > 3:
        raise ValueError


@gpu_async
async def group_of_fine(n: i32) -> i32:
    async with TaskGroup() as group:
        group.create_task(fine(n))
        await reschedule()
    return n


@gpu_async
async def group_of_some_that_fail(n: i32) -> i32:
    async with TaskGroup() as group:
        group.create_task(may_fail(n))
        await reschedule()
    return n


def lowered(coroutine: Any) -> ir.Module:
    function = coroutine.__gpu_async__
    module = build.build(infer.infer_module(function, [i32]))
    entry.add_root(module, ["uniform"], [])
    for step in compile.PIPELINE:
        step(module)
    unwind.make_explicit(module)
    return module


def operations(module: ir.Module) -> set[str]:
    blocks = [block for function in module.functions.values() for block in function.blocks]
    return {op.op for block in blocks for op in block.ops if isinstance(op, ir.Operate)}


def test_a_program_that_cancels_nothing_has_none_of_it() -> None:
    module = lowered(group_of_fine)
    assert not module.cancels and not module.catches
    assert operations(module) == {"group.enter", "group.leave"}


def test_a_task_that_can_fail_can_cancel() -> None:
    module = lowered(group_of_some_that_fail)
    assert module.cancels and module.catches
    assert {"group.fail", "group.open", "group.close", "scope.poll"} <= operations(module)
