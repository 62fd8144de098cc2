"""What links a translated program with the executor: `start`, `resume`, the stop flag. As `lowering.llvm` does
it, and each step told to the ledger."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import memory
from memory import region
from translate import STEP
from violation import Place

from coro2cuda.frontend.dtypes import Array, Type, u32
from coro2cuda.lowering import abi, scalars

if TYPE_CHECKING:
    from machine import Lane

CONTROL = 101  # the region of struct Control
Action = tuple[int, int, int]
Body = Generator[Any, Any, Any]


class Stopped(Exception):
    """The stop flag is up."""


class Thrown(Exception):
    """A plain function ends with an error."""

    def __init__(self, error: int) -> None:
        super().__init__(error)
        self.error = error


def start_glue(root: Callable[..., Any], steps: bool) -> Callable[..., Body]:
    """`device.start`: a root task from its first line; one that completes gives its frame back."""

    def start(lane: Lane, frame: int, task: int, place: Place) -> Body:
        lane.ledger.begun(lane, frame, place)
        try:
            outcome = root(lane, frame, task)
            state, target, _ = (yield from outcome) if steps else outcome
        except Stopped:
            return abi.STOPPED, 0, 0
        released = int(state == abi.COMPLETED)
        lane.ledger.left(lane, frame, state, target, bool(released), place)
        return state, target, released

    return start


def resume_glue(states: Sequence[tuple[Callable[..., Any], bool]]) -> Callable[..., Body]:
    """`device.resume`: the function of a state."""

    def resume(lane: Lane, state: int, frame: int, place: Place) -> Body:
        lane.ledger.resumed(lane, frame, state, place)
        function, steps = states[state]
        try:
            outcome = function(lane, frame)
            next_state, target, released = (yield from outcome) if steps else outcome
        except Stopped:
            return abi.STOPPED, 0, 0
        lane.ledger.left(lane, frame, next_state, target, bool(released), place)
        return next_state, target, released

    return resume


def unwind_glue(landings: Mapping[int, tuple[Callable[..., Any], bool]]) -> Callable[..., Body]:
    """`device.unwind`: the landing of a state whose child has failed."""

    def unwind(lane: Lane, state: int, frame: int, error: int, place: Place) -> Body:
        lane.ledger.unwound(lane, frame, place)
        function, steps = landings[state]
        try:
            outcome = function(lane, frame, error)
            next_state, target, released = (yield from outcome) if steps else outcome
        except Stopped:
            return abi.STOPPED, 0, 0
        lane.ledger.left(lane, frame, next_state, target, bool(released), place)
        return next_state, target, released

    return unwind


def _poll(lane: Lane, place: Place) -> Body:
    yield STEP
    if memory.load_relaxed(lane, region(CONTROL) + abi.CONTROL_STOP, u32, place) != 0:
        raise Stopped


def _array(type: Type, address: int, extents: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """An array as the translated code has it: address, extents, strides in bytes."""
    assert isinstance(type, Array)
    if type.contiguous:
        strides = (type.element.size,)
        for extent in reversed(extents[1:]):
            strides = (strides[0] * extent, *strides)
    return address, extents, strides


RUNTIME: dict[str, Any] = {
    **{name: getattr(memory, name) for name in (
        "load", "reload", "store", "load_relaxed", "load_acquire", "store_relaxed", "store_release", "fetch",
        "compare_and_swap", "fetch_acquire", "fetch_ordered", "cas_relaxed", "fence", "fence_sc")},
    "unary": scalars.unary, "binary": scalars.binary, "convert": scalars.convert, "intrinsic": scalars.intrinsic,
    "array": _array, "poll": _poll, "Stopped": Stopped, "Thrown": Thrown,
}  # fmt: skip
