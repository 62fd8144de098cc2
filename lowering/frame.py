"""Where each saved variable lives in the frame: offsets, with slots shared by variables that are never live together.

    coroutine a awaits b and c; b awaits c                frame of a task
    a saves x across its awaits                           0   x
    b saves p, q; c saves r                               8   b: p, q
                                                          24  c: r          base(c) = end of b, its deepest caller

Correctness: at each suspend point the slots of the variables saved there are disjoint (`check` is run on every layout),
and the region of a callee lies beyond the regions of all its callers, so a chain of awaits never overlaps.

A coroutine with several await sites keeps, first in its region, the state to return to; its result is left right after,
over its variables, which are dead by then. A framed coroutine (`calls`) has a frame of its own for each call: `abi`'s
header, then its parameters, which its caller writes, and its variables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from coro2cuda.frontend.dtypes import Array, NoneValue, Number, Pointer, Reference, Scalar, Struct, Tuple, Type
from coro2cuda.lowering import abi, ir
from coro2cuda.lowering.calls import CallGraph
from coro2cuda.lowering.liveness import Liveness, SuspendPoint


@dataclass(frozen=True, slots=True)
class Region:
    """The part of a frame that belongs to one coroutine; all offsets count from the start of the frame."""

    base: int
    end: int
    slots: dict[int, int]  # local index -> offset
    return_state: int | None  # where the state to return to is kept, if it is kept
    result: int  # where the result is left for a caller that is resumed through the ready queue

    def offset(self, local: ir.Local) -> int:
        return self.slots[local.index]


@dataclass(frozen=True, slots=True)
class FrameLayout:
    regions: dict[str, Region]
    size: int


def layout(module: ir.Module, graph: CallGraph, liveness: dict[str, Liveness]) -> FrameLayout:
    """Lay out the regions of all coroutines that suspend, callers first, since a callee's base depends on them."""
    regions: dict[str, Region] = {}
    for name in graph.order:
        framed = name in graph.framed
        callers = {site.caller for site in graph.sites[name]}
        base = 0 if framed else max((regions[caller].end for caller in callers), default=_root_base(graph))
        # Where a callee never suspends nothing is saved, and slots of variables live there may coincide.
        points = [point for point in liveness[name].suspends if _suspends(point.end, graph)]
        function = module.functions[name]
        parameters = read_parameters(function, liveness[name])
        regions[name] = _region(function, graph, points, parameters, base)
        check(points, regions[name], graph.framed)
    end = max(region.end for region in regions.values())
    return FrameLayout(regions, max(_align(end, abi.FRAME_ALIGNMENT), abi.FRAME_ALIGNMENT))


def _root_base(graph: CallGraph) -> int:
    """The root may fork too, and then its frame counts its children."""
    if graph.cancels:
        return abi.CANCELLABLE_HEADER_SIZE
    return abi.WAITING_HEADER_SIZE if graph.waits else abi.FORKING_HEADER_SIZE if graph.forks else 0


def size_of(type: Type) -> int:
    """Bytes of a value in a frame."""
    match type:
        case Scalar() | Reference():
            return type.size
        case Array():
            return 8 * (1 + type.ndim * (1 if type.contiguous else 2))
        case Tuple():
            end = 0
            for item in type.elements:
                end = _align(end, alignment_of(item)) + size_of(item)
            return _align(end, alignment_of(type))
        case NoneValue():
            return 0
        case Pointer():
            return 8
        case Struct() | Number():
            raise AssertionError(f"{type} is not a value")


def alignment_of(type: Type) -> int:
    match type:
        case Scalar() | Reference():
            return type.size
        case Tuple():
            return max((alignment_of(item) for item in type.elements), default=1)
        case NoneValue():
            return 1
        case _:
            return 8


def check(points: Iterable[SuspendPoint], region: Region, framed: Collection[str] = ()) -> None:
    """No two variables saved at one of these suspend points overlap, and none overlaps the return state.

    Raises:
        AssertionError: they do; a fault of the layout.
    """
    for point in points:
        end = region.base
        held = [local for local in saved_at(point.end, point.saved, framed) if local.index in region.slots]
        for local in sorted(held, key=region.offset):
            assert region.offset(local) >= end, f"{local.name} overlaps another variable saved at {point.end.span}"
            end = region.offset(local) + size_of(local.type)


def saved_at(end: ir.Suspension, saved: Iterable[ir.Local], framed: Collection[str]) -> list[ir.Local]:
    """What occupies slots while suspended here: the saved variables, the slots that framed callees write their results
    to, and that of an item that is waited for or given."""
    held = list(saved)
    if isinstance(end, ir.Wait) and end.place is not None:
        held.append(end.place)
    if any(callee in framed for callee, _ in ir.awaited(end)):
        held += [local for local in dict.fromkeys(ir.results(end)) if local not in held]  # several may share a local
    return held


def read_parameters(function: ir.Function, liveness: Liveness) -> list[ir.Local]:
    """The parameters whose value at the call is read. One that is always assigned first may have a slot all the same,
    shared with another parameter: its argument must not be stored."""
    return [local for local in function.parameters if liveness.entry[0] >> local.index & 1]


def _region(
    function: ir.Function, graph: CallGraph, points: Sequence[SuspendPoint], parameters: list[ir.Local], base: int
) -> Region:
    """The region of a coroutine that is suspended at these points and has these live parameters."""
    framed = function.name in graph.framed
    several = len(graph.sites[function.name]) > 1 and not framed and function.name in graph.suspending
    groups = [saved_at(point.end, point.saved, graph.framed) for point in points]
    if framed:
        groups.append(parameters)
    base = _align(base, 4)
    first = base + (_root_base(graph) or abi.FRAME_HEADER_SIZE if framed else 4 if several else 0)
    whole = {end.place.index for point in points if isinstance(end := point.end, ir.Wait) and end.place}
    slots = _colour(groups, first, whole)
    ends = [slots[local.index] + _slot_size(local, whole) for group in groups for local in group]
    result = _align(first, alignment_of(function.result))
    if several:
        ends.append(result + size_of(function.result))
    return Region(base, max([first, *ends]), slots, base if several else None, result)


def _suspends(end: ir.Suspension, graph: CallGraph) -> bool:
    waits = isinstance(end, ir.Reschedule | ir.Room | ir.Wait)
    return waits or any(callee in graph.suspending for callee, _ in ir.awaited(end))


def _slot_size(local: ir.Local, whole: Collection[int]) -> int:
    """An item that goes through a queue is copied in whole words."""
    size = size_of(local.type)
    return _align(size, 4) if local.index in whole else size


def _colour(groups: list[list[ir.Local]], first: int, whole: Collection[int] = ()) -> dict[int, int]:
    """Give each local the lowest aligned offset free of the locals it shares a group with, wide ones first."""

    def alignment(local: ir.Local) -> int:
        return max(4 if local.index in whole else 1, alignment_of(local.type))

    rivals: dict[int, set[ir.Local]] = {}
    locals: dict[int, ir.Local] = {}
    for group in groups:
        for local in group:
            locals[local.index] = local
            rivals.setdefault(local.index, set()).update(group)
    slots: dict[int, int] = {}
    by_size = sorted(locals.values(), key=lambda local: (-alignment(local), -size_of(local.type), local.index))
    for local in by_size:
        placed = [rival for rival in rivals[local.index] if rival.index in slots]
        taken = sorted((slots[rival.index], _slot_size(rival, whole)) for rival in placed)
        offset = _align(first, alignment(local))
        for start, size in taken:
            if offset + _slot_size(local, whole) <= start:
                break
            offset = max(offset, _align(start + size, alignment(local)))
        slots[local.index] = offset
    return slots


def _align(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment
