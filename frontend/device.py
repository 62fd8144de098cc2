"""Device Python: the dialect the executor is written in, as names to import.

A `@device` function is compiled by our compiler with pointers, atomics and warp operations; it is never run by Python.
The names below stand for operations of the tables in `lowering.intrinsics`; each line of `SIGNATURES` gives the types
of the operands and of the result. POINTEE stands for the type the first operand points to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, final

from coro2cuda.frontend.dtypes import NoneValue, Pointer, Scalar, Tuple, Type, boolean, i32, i64, none, u32, u64

F = TypeVar("F", bound=Callable[..., Any])
POINTEE: Final = "pointee"
POINTER: Final = "pointer"
ACTION: Final = Tuple((i32, u32, u32))


@final
@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the device: the compiler knows it by `__coro2cuda_builtin__`."""

    name: str
    operands: tuple[Scalar | str, ...]
    result: Type | str

    @property
    def __coro2cuda_builtin__(self) -> str:
        return f"device.{self.name}"

    def __call__(self, *arguments: Any) -> Any:
        raise TypeError(f"{self.name}() is an operation of device Python; it cannot be called on the host")


def device(function: F) -> F:
    """Mark a function as device Python."""
    function.__coro2cuda_device__ = True  # type: ignore[attr-defined]
    return function


def cold(function: F) -> F:
    """Mark a function as device Python that runs rarely: it is called, never inlined."""
    function.__coro2cuda_cold__ = True  # type: ignore[attr-defined]
    return device(function)


lane_id = Operation("lane_id", (), u32)
warp_size = Operation("warp_size", (), u32)
warp_id = Operation("warp_id", (), u32)
warp_hint = Operation("warp_hint", (), u32)  # tells warps apart where the machine does: 0 on the CPU
warp_in_block = Operation("warp_in_block", (), u32)
ballot = Operation("ballot", (boolean,), u32)
match_any = Operation("match_any", (u32, u32), u32)
shuffle = Operation("shuffle", (u32, u32), u32)
reduce_max = Operation("reduce_max", (u32,), u32)
reduce_min = Operation("reduce_min", (u32,), u32)
reduce_add = Operation("reduce_add", (u32,), u32)
popcount = Operation("popcount", (u32,), u32)
find_first = Operation("find_first", (u32,), u32)
count_leading_zeros = Operation("count_leading_zeros", (u32,), u32)
warp_sync = Operation("warp_sync", (), none)
nanosleep = Operation("nanosleep", (u32,), none)
doze = Operation("doze", (u32,), none)  # as nanosleep, but lets the core do something else
fence = Operation("fence", (), none)
fence_sc = Operation("fence_sc", (), none)
load_relaxed = Operation("load_relaxed", (POINTER,), POINTEE)
load_acquire = Operation("load_acquire", (POINTER,), POINTEE)
store_relaxed = Operation("store_relaxed", (POINTER, POINTEE), none)
store_release = Operation("store_release", (POINTER, POINTEE), none)
fetch_add = Operation("fetch_add", (POINTER, POINTEE), POINTEE)
fetch_sub = Operation("fetch_sub", (POINTER, POINTEE), POINTEE)
fetch_sub_ordered = Operation("fetch_sub_ordered", (POINTER, POINTEE), POINTEE)  # a release and an acquire too
fetch_max = Operation("fetch_max", (POINTER, POINTEE), POINTEE)
fetch_or = Operation("fetch_or", (POINTER, POINTEE), POINTEE)
fetch_or_acquire = Operation("fetch_or_acquire", (POINTER, POINTEE), POINTEE)
exchange = Operation("exchange", (POINTER, POINTEE), POINTEE)
compare_and_swap = Operation("compare_and_swap", (POINTER, POINTEE, POINTEE), POINTEE)
compare_and_swap_acquire = Operation("compare_and_swap_acquire", (POINTER, POINTEE, POINTEE), POINTEE)
shared_memory = Operation("shared_memory", (), Pointer(u32, "shared"))
clock = Operation("clock", (), u64)  # ticks, to compare durations
nanoseconds = Operation("nanoseconds", (), u64)
states = Operation("states", (), u32)
frame_size = Operation("frame_size", (), u32)
children = Operation("children", (u32,), u32)
option = Operation("option", ("name",), u32)
address = Operation("address", ("place",), POINTER)
start = Operation("start", (POINTER, POINTER, u32, i64), ACTION)
resume = Operation("resume", (POINTER, POINTER, i32, u32), ACTION)
unwind = Operation("unwind", (POINTER, POINTER, i32, u32, u32), ACTION)


def result_of(operation: Operation, first: Type | None) -> Type:
    """The type of the operation's result, given the type of its first operand."""
    if isinstance(operation.result, str):
        assert isinstance(first, Pointer) and not isinstance(first.target, NoneValue)
        return first.target if operation.result == POINTEE else first
    return operation.result
