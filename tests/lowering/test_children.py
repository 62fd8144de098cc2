"""How many frames one turn of a state may need: what it begins, and what begins where its failure leads."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from coro2cuda import gather, gpu_async, i32, reschedule
from coro2cuda.frontend import infer
from coro2cuda.lowering import build, compile, split
from coro2cuda.lowering.program import Argument


@gpu_async
async def leaf(n: i32) -> i32:
    await reschedule()
    return n


@gpu_async
async def fails(n: i32) -> i32:
    await reschedule()
    if n == 1:
        raise ValueError
    return n


@gpu_async
async def handles_alone(n: i32) -> i32:
    """The handler begins nothing."""
    try:
        a, b = await gather(fails(n), leaf(n))
        return a + b
    except ValueError:
        return n


@gpu_async
async def begins_again(n: i32) -> i32:
    try:
        a, b = await gather(fails(n), leaf(n))
        return a + b
    except ValueError:
        c, d, e = await gather(leaf(n), leaf(n), leaf(n))
        return c + d + e


@gpu_async
async def passes_on(n: i32) -> i32:
    """An error goes from `fails` through `middle` to the handler here."""
    try:
        a, b = await gather(middle(n), middle(n))
        return a + b
    except ValueError:
        c, d, e = await gather(leaf(n), leaf(n), leaf(n))
        return c + d + e


@gpu_async
async def middle(n: i32) -> i32:
    a, b = await gather(fails(n), fails(n))
    return a + b


def begun(coroutine: Callable[..., Any]) -> dict[tuple[str, str], int]:
    """By coroutine and kind of state: the frames that a turn may need."""
    argument = Argument("n", i32, "uniform")
    typed = infer.infer_module(inspect.unwrap(coroutine), [argument.type])
    module = build.build(typed)
    compile.lower(module, [argument], typed)
    machine = split.split(module)
    return {(state.title.split(".")[0], state.kind): machine.children(state) for state in machine.states}


def test_where_the_handler_begins_nothing_a_state_that_fails_needs_no_frame():
    found = begun(handles_alone)
    assert found["fails", "reschedule"] == found["leaf", "reschedule"] == 0


def test_a_state_that_fails_needs_what_the_handler_begins():
    found = begun(begins_again)
    assert found["fails", "reschedule"] == 3


def test_so_does_the_last_child_of_one_that_has_failed():
    """It counts itself off, and its lane goes on in the handler."""
    found = begun(begins_again)
    assert found["leaf", "reschedule"] == 3


def test_a_failure_leads_through_all_that_await():
    found = begun(passes_on)
    assert found["fails", "reschedule"] == 3
