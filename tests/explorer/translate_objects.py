"""Ops on synchronisation objects and errors, as `translate` writes them: calls of the executor's functions.

    v = park queue.get(q) to 3, place 40     L.ledger.parks(L, frame, 3, P1)
                                      ──▶    v7 = yield from f12_queue_get(L, launch, warp, v2, frame, 3, 40, 1)
                                             L.ledger.stays(L, frame, v7, P1)

Once `parks` is said others may have the frame. An item of an operation that does not wait goes through words of the
lane's own (`L.slot`). Items are of four bytes: the memory knows no accesses of different sizes to one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coro2cuda.frontend.dtypes import Reference, Scalar, Type
from coro2cuda.frontend.objects import by_operation
from coro2cuda.lowering import abi, ir

if TYPE_CHECKING:
    from translate import Translator

LAUNCH, WARP = "L.launch_address", "L.warp.memory"


def callees(op: ir.Op) -> Iterator[str]:
    """The executor's functions that the op calls."""
    match op:
        case ir.MakeObject():
            yield "make_object"
        case ir.Retain():
            yield "retain"
        case ir.Release():
            yield "release"
        case ir.Operate(op=name) | ir.Park(op=name):
            yield name.replace(".", "_")
        case ir.MakeError():
            yield "make_error"
        case ir.ErrorIs():
            yield "error_kind"
        case ir.OnError(action):
            yield _handler(action)


def write(to: Translator, op: ir.Op) -> bool:
    """Write the op, if it is one of those."""
    match op:
        case ir.MakeObject(dest, argument, site):
            assert isinstance(dest.type, Reference)
            kind = abi.OBJECT_KINDS.index(dest.type.kind) + 1
            to.set(dest, to.called("make_object", [LAUNCH, WARP, str(kind), to.read(argument), str(site)]))
        case ir.WasCancelled(dest, outcome):
            to.set(dest, f"{to.read(outcome)} == {abi.CANCELLED}")
        case ir.Retain(value):
            to.say(to.called("retain", [LAUNCH, WARP, to.read(value)]))
        case ir.Release(value):
            to.say(to.called("release", [LAUNCH, WARP, to.read(value)]))
        case ir.Operate():
            _operate(to, op)
        case ir.Park():
            _park(to, op)
        case ir.MakeError(dest, site, arguments):
            assert not arguments, "errors of programs that the explorer runs have no arguments"
            to.set(dest, made_error(to, site))
        case ir.ErrorIs(dest, error, classes):
            to.set(dest, f"{to.called('error_kind', [LAUNCH, to.read(error)])} in {tuple(classes)!r}")
        case ir.OnError(action, error, other):
            own = ["frame"] if action == "fail" else []
            more = [] if other is None or action in ("fail", "forget", "abort") else [to.read(other)]
            to.say(to.called(_handler(action), [LAUNCH, *own, to.read(error), *more]))
        case ir.Print() | ir.MakeList() | ir.ListView():
            raise NotImplementedError("programs that the explorer runs do not print, and have no lists")
        case _:
            return False
    return True


def made_error(to: Translator, site: int) -> str:
    return to.called("make_error", [LAUNCH, str(site), str(to.unit.kinds[site])])


def _handler(action: ir.ErrorAction) -> str:
    return action if action == "fail" else f"{action}_error"


def _operate(to: Translator, op: ir.Operate) -> None:
    held = op.item.type if op.item is not None else None if op.taken is None else op.taken.type
    given = [] if held is None else ["L.slot", str(_words(held))]
    place = to.placed(op)
    if op.item is not None:
        to.say(f"store(L, L.slot, {to.type_of(op.item.type)}, {to.read(op.item)}, {place})")
    own = ["frame"] if by_operation(op.op).frame else []
    call = to.called(op.op.replace(".", "_"), [LAUNCH, WARP, *map(to.read, op.arguments), *own, *given])
    to.set(op.dest, call)
    if op.taken is not None:
        to.set(op.taken, f"reload(L, L.slot, {to.type_of(op.taken.type)}, {place})")  # nothing, if there was none


def _park(to: Translator, op: ir.Park) -> None:
    place = to.placed(op)
    words = [op.state, op.place, 0 if op.held is None else _words(op.held)]
    given = [LAUNCH, WARP, *map(to.read, op.arguments), "frame", *map(str, words)]
    to.say(f"L.ledger.parks(L, frame, {op.state}, {place})")
    to.set(op.dest, to.called(op.op.replace(".", "_"), given))
    to.say(f"L.ledger.stays(L, frame, v{op.dest.index}, {place})")


def _words(type: Type) -> int:
    assert isinstance(type, Scalar) and type.size == 4, "items of programs that the explorer runs have four bytes"
    return 1
